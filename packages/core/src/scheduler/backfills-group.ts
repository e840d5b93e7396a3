/** Backfills that the store has, whichever process knows their rollups: list them, hold one. */
import { checkCount, checkNames } from '../errors/check-call.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { backfillRuns } from '../rollup/rollup-run.ts'
import { windowsOf } from '../trigger/marker.ts'
import { type HoldDeps, holdBackfill, readBackfill, showBackfill } from './backfill-hold.ts'
import { requireRollup } from './known-rollup.ts'
import type { Backfill, RollupsGroup } from './rollups.ts'

export interface BackfillsDeps extends Omit<HoldDeps, 'runsOf'> {
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly nextId: () => string
}

/** The hold on one that was just made. */
export type Hold = (of: { readonly id: string; readonly rollup: string }) => Backfill

export function createBackfillsGroup(deps: BackfillsDeps): Pick<RollupsGroup, 'backfills' | 'backfill'> & { readonly hold: Hold } {
  const { call, rollups, nextId, storeNow } = deps
  const held: HoldDeps = { ...deps, runsOf: (record) => backfillRuns(record, nextId) }
  return {
    hold: (of) => holdBackfill(of, held),

    async backfills(filter = {}) {
      checkNames(filter, ['rollup', 'unfinished', 'limit'], 'rollups.backfills')
      const limit = checkCount(filter.limit ?? 50, 'rollups.backfills: limit', { least: 1, most: 1_000 })
      const rollup = filter.rollup === undefined ? undefined : requireRollup(rollups, filter.rollup, 'rollups.backfills: rollup').name
      const { backfills } = await call('windows.backfills.find', (store) =>
        windowsOf(store).backfills.find({ rollup, unfinished: filter.unfinished, limit }),
      )
      const now = backfills.length === 0 ? 0 : await storeNow()
      return backfills.map((record) => showBackfill(record, now))
    },

    backfill: async (id) => holdBackfill((await readBackfill(id, call)).record, held),
  }
}
