/** `scheduler.backfill` and `scheduler.rollups`: the state of rollups, and what can be asked of them. */
import type { Engine } from '../engine/engine.ts'
import { checkCount, checkNames } from '../errors/check-call.ts'
import { closestName } from '../errors/closest-name.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { rollupHealth } from '../health/rollup-health.ts'
import type { Logger } from '../observe/logger.ts'
import { backfillRequestOf, backfillRuns, planBackfill } from '../rollup/plan-backfill.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { Store } from '../store/store.ts'
import type { WindowRecord } from '../store/window-records.ts'
import type { Clock } from '../time/clock.ts'
import { toInstant } from '../time/instant.ts'
import { MAX_INSTANT } from '../time/zone.ts'
import { windowsOf } from '../trigger/marker.ts'
import { type HoldDeps, holdBackfill, readBackfill, showBackfill } from './backfill-hold.ts'
import { freshnessOf, readRollupStates, registeredSince } from './read-freshness.ts'
import type { RollupRef, RollupsGroup, WindowView } from './rollups.ts'
import type { Scheduler } from './scheduler.ts'
import { verifyRollup } from './verify-rollup.ts'

export interface RollupsDeps {
  readonly clock: Clock
  readonly store: Store
  readonly call: Engine['call']
  readonly logger: Logger
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly nextId: () => string
  readonly storeNow: () => Promise<number>
  /** Looks for work now. */
  readonly stir: () => void
}

/** Records that one look at windows brings: most may have nothing to tell. */
const WINDOWS_PAGE = 1_000

export function createRollupsGroup(deps: RollupsDeps): Pick<Scheduler, 'backfill' | 'rollups'> {
  const { call, rollups, nextId, storeNow } = deps
  const hold: HoldDeps = { ...deps, runsOf: (record) => backfillRuns(record, nextId) }

  const known = (ref: RollupRef, verb: string): Rollup => {
    const name = typeof ref === 'string' ? ref : (ref as { readonly name?: unknown } | null)?.name
    const rollup = typeof name === 'string' ? rollups.get(name) : undefined
    if (rollup !== undefined) return rollup
    const names = [...rollups.keys()]
    const near = typeof name === 'string' ? closestName(name, names) : null
    throw new QuarterjackError(
      'UnknownRollup',
      `${verb}: ${shown(name ?? ref)} is not among the rollups of this scheduler (${names.join(', ') || 'none'}).${near === null ? '' : ` Did you mean "${near}"?`} Pass it to createScheduler({ jobs }).`,
    )
  }

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
    return holdBackfill({ id: reply.id, rollup: rollup.name }, hold)
  }

  const group: RollupsGroup = {
    async state(ref) {
      const rollup = known(ref, 'rollups.state')
      const only = new Map([[rollup.name, rollup]])
      const [states, { schedules }] = await Promise.all([
        readRollupStates(only, call),
        call('schedules.load', (store) => store.schedules.load({ jobs: [rollup.name] })),
      ])
      const [facts] = freshnessOf(only, states, (name) => registeredSince(schedules, name))
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

    async backfills(filter = {}) {
      checkNames(filter, ['rollup', 'unfinished', 'limit'], 'rollups.backfills')
      const limit = checkCount(filter.limit ?? 50, 'rollups.backfills: limit', { least: 1, most: 1_000 })
      const rollup = filter.rollup === undefined ? undefined : known(filter.rollup, 'rollups.backfills: rollup').name
      const { backfills } = await call('windows.backfills.find', (store) =>
        windowsOf(store).backfills.find({ rollup, unfinished: filter.unfinished, limit }),
      )
      const now = backfills.length === 0 ? 0 : await storeNow()
      return backfills.map((record) => showBackfill(record, now))
    },

    backfill: async (id) => holdBackfill((await readBackfill(id, call)).record, hold),

    verify: (ref, range) => verifyRollup(known(ref, 'rollups.verify'), range, deps),
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
