/** `scheduler.backfill` and `scheduler.rollups`: the state of rollups, and what can be asked of them. */
import { checkCount, checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { rollupHealth } from '../health/rollup-health.ts'
import { backfillRequestOf, planBackfill } from '../rollup/plan-backfill.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { WindowRecord } from '../store/window-records.ts'
import { toInstant } from '../time/instant.ts'
import { MAX_INSTANT } from '../time/zone.ts'
import { windowsOf } from '../trigger/marker.ts'
import { createBackfillsGroup } from './backfills-group.ts'
import { requireRollup } from './known-rollup.ts'
import { readFreshness } from './read-freshness.ts'
import { registeredSince } from './registered-since.ts'
import type { RollupsDeps } from './rollup-parts.ts'
import { createTargetVerbs } from './rollup-target.ts'
import type { RollupRef, RollupsGroup, WindowView } from './rollups.ts'
import type { Scheduler } from './scheduler.ts'
import { verifyRollup } from './verify-rollup.ts'

/** Records that one look at windows brings: most may have nothing to tell. */
const WINDOWS_PAGE = 1_000

export function createRollupsGroup(deps: RollupsDeps): Pick<Scheduler, 'backfill' | 'rollups'> {
  const { call, rollups, nextId, storeNow } = deps
  const { hold, ...backfills } = createBackfillsGroup(deps)

  const known = (ref: RollupRef, verb: string): Rollup => requireRollup(rollups, ref, verb)

  const backfill: Scheduler['backfill'] = async (ref, options) => {
    const rollup = known(ref, 'backfill')
    const plan = planBackfill(rollup.policy, options, await storeNow())
    const { states } = await call('windows.state', (store) => windowsOf(store).state({ rollups: [{ rollup: rollup.name, limit: 1 }] }))
    const generation = states[0]?.record.generation
    if (generation === undefined) {
      throw new QuarterjackError('UnknownRollup', `backfill: the store does not know rollup "${rollup.name}" yet: start() defines it.`)
    }
    const request = backfillRequestOf(plan, { id: nextId(), generation, nextId })
    const { replies } = await call('windows.backfills.create', (store) => windowsOf(store).backfills.create({ backfills: [request] }))
    const reply = replies[0]
    if (reply?.status === 'overlaps') {
      throw new QuarterjackError(
        'BackfillOverlaps',
        `backfill: ${reply.id} of rollup "${rollup.name}" has windows of this range and is not finished: wait for it, or cancel it with (await scheduler.rollups.backfill("${reply.id}")).cancel().`,
      )
    }
    if (reply === undefined || reply.status === 'redefined') {
      throw new QuarterjackError('UnknownRollup', `backfill: rollup "${rollup.name}" is being defined anew; ask again.`)
    }
    deps.stir()
    return hold({ id: reply.id, rollup: rollup.name })
  }

  const group: RollupsGroup = {
    async state(ref) {
      const rollup = known(ref, 'rollups.state')
      const only = new Map([[rollup.name, rollup]])
      const [judge, { schedules }] = await Promise.all([
        readFreshness(only, call),
        call('schedules.load', (store) => store.schedules.load({ jobs: [rollup.name] })),
      ])
      const [facts] = judge((name) => registeredSince(schedules, name))
      return rollupHealth(facts ?? { rollup: rollup.name, freshness: null }, { stopped: false, suspended: false })
    },

    async windows(ref, range = {}) {
      const rollup = known(ref, 'rollups.windows')
      checkNames(range, ['from', 'to', 'limit'], 'rollups.windows')
      const from = range.from === undefined ? -MAX_INSTANT : toInstant(range.from, 'rollups.windows: from')
      const to = range.to === undefined ? MAX_INSTANT : toInstant(range.to, 'rollups.windows: to')
      const limit = checkCount(range.limit ?? 100, 'rollups.windows: limit', { least: 1, most: 10_000 })
      const told: WindowRecord[] = []
      for (let next = from; told.length < limit; ) {
        const page = { rollup: rollup.name, from: next, to, limit: WINDOWS_PAGE }
        const { windows } = await call('windows.list', (store) => windowsOf(store).list(page))
        told.push(...windows.filter(isTelling))
        const last = windows.at(-1)
        if (last === undefined || windows.length < WINDOWS_PAGE) break
        next = last.start + 1
      }
      return told.slice(0, limit).map(showWindow)
    },

    async planBackfill(ref, options) {
      const rollup = known(ref, 'rollups.planBackfill')
      const { from, to, ...plan } = planBackfill(rollup.policy, options, await storeNow())
      return { ...plan, grain: rollup.policy.windows.grain.text, from: new Date(from), to: new Date(to) }
    },

    ...backfills,

    verify: async (ref, range) => verifyRollup(known(ref, 'rollups.verify'), range, deps),

    ...createTargetVerbs({ ...deps, known, backfills: backfills.backfills }),
  }
  return { backfill, rollups: Object.freeze(group) }
}

/** Of those that were refreshed ahead of the watermark, there is nothing to tell. */
function isTelling({ dirtySince, error, suspect, backfill, runId }: WindowRecord): boolean {
  return dirtySince !== null || error !== null || suspect !== null || backfill !== null || runId !== null
}

function showWindow(record: WindowRecord): WindowView {
  const { attempts, error, suspect, backfill, runId } = record
  const date = (at: number | null): Date | null => (at === null ? null : new Date(at))
  return {
    start: new Date(record.start),
    end: new Date(record.end),
    dirtySince: date(record.dirtySince),
    refreshedAt: date(record.refreshedAt),
    attempts,
    error,
    retryAt: date(record.retryAt),
    suspect,
    backfill,
    runId,
  }
}
