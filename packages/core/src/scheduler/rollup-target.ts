/** `scheduler.rollups.snapshot`, `restore`, `targetSql` and `examine`: what a rollup's refresh can do with its target. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { readInstant } from '../rollup/read-instant.ts'
import type { RefreshTarget, TargetContext } from '../rollup/refresh-target.ts'
import { sourceOfRollup } from '../rollup/resolve-rollup.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { Store } from '../store/store.ts'
import type { Mark } from '../store/window-records.ts'
import { windowsOf } from '../trigger/marker.ts'
import type { Backfill, RollupRef, RollupsGroup } from './rollups.ts'
import type { RollupsDeps } from './rollup-parts.ts'
import { transactionsOf } from './store-transactions.ts'

export interface TargetDeps extends Pick<RollupsDeps, 'store' | 'call' | 'logger' | 'stir' | 'rollups'> {
  /** Throws `UnknownRollup`. */
  readonly known: (ref: RollupRef, verb: string) => Rollup
  readonly backfills: RollupsGroup['backfills']
}

type TargetVerbs = Pick<RollupsGroup, 'snapshot' | 'restore' | 'targetSql' | 'examine'>

export function createTargetVerbs({ store, call, logger, stir, rollups, known, backfills }: TargetDeps): TargetVerbs {
  const contextOf = (verb: string): TargetContext => ({ log: logger, ...transactionsOf(store, verb) })
  return {
    async snapshot(ref, range) {
      const rollup = known(ref, 'rollups.snapshot')
      const target = targetOf(rollup, 'snapshot')
      checkNames(range, ['from', 'to'], 'rollups.snapshot')
      const { windows } = rollup.policy
      const [from, to] = [
        readInstant(windows, range.from, 'rollups.snapshot: from'),
        readInstant(windows, range.to, 'rollups.snapshot: to'),
      ]
      if (from >= to) throw new QuarterjackError('InvalidOption', 'rollups.snapshot: to is not after from.')
      const asked = { from: new Date(from), to: new Date(to) }
      return { rollup: rollup.name, ...asked, ...(await target.snapshot(asked, contextOf('snapshot'))) }
    },

    async restore(ref, snapshot) {
      const rollup = known(ref, 'rollups.restore')
      const target = targetOf(rollup, 'restore')
      const [backfill] = await backfills({ rollup, unfinished: true, limit: 1 })
      if (backfill !== undefined) throw wouldBeOverwritten(rollup, backfill)
      // Its parents were put together from the rows that are replaced. Of what nobody reads, some stores keep marks for ever.
      const hasParents = [...rollups.values()].some(({ policy }) => policy.after.includes(rollup.name))
      const marksOf = ({ from, to }: { readonly from: Date; readonly to: Date }): readonly Mark[] => [
        { source: sourceOfRollup(rollup.name), kind: 'removed', from: from.getTime(), to: to.getTime() },
      ]
      let isMarked = false
      const restored = await target.restore(snapshot, {
        ...contextOf('restore'),
        async markParents(tx, range) {
          isMarked = true
          if (hasParents) await windowsOf(store).mark({ marks: marksOf(range), tx })
        },
      })
      if (!hasParents) return { rollup: rollup.name, snapshot, ...restored }
      if (!isMarked) await call('windows.mark', (opened: Store) => windowsOf(opened).mark({ marks: marksOf(restored) }))
      stir()
      return { rollup: rollup.name, snapshot, ...restored }
    },

    async targetSql(ref) {
      return targetOf(known(ref, 'rollups.targetSql'), 'targetSql').sql(contextOf('targetSql'))
    },

    async examine(ref) {
      const { policy } = known(ref, 'rollups.examine')
      const { target } = policy.refresh
      if (target === undefined) return []
      return target.examine({ ...contextOf('examine'), store, isComplete: policy.planning.isComplete })
    },
  }
}

/** Throws `TargetUnknown` where the refresh does not tell of its target. */
function targetOf({ name, policy }: Rollup, verb: string): RefreshTarget {
  const { target } = policy.refresh
  if (target !== undefined) return target
  throw new QuarterjackError(
    'TargetUnknown',
    `rollups.${verb}: the refresh of rollup "${name}" does not tell where its rows are: use sqlRollup(), or give it a property target.`,
  )
}

function wouldBeOverwritten({ name }: Rollup, { id }: Pick<Backfill, 'id'>): QuarterjackError {
  return new QuarterjackError(
    'BackfillOverlaps',
    `rollups.restore: backfill ${id} of rollup "${name}" is not finished: wait for it, or cancel it.`,
  )
}
