/** A scheduler that has no rollups: marks and backfills of others pass through it, and what needs a rollup is refused. */
import type { RollupEngine } from '../engine/rollup-engine.ts'
import { createBackfillsGroup } from './backfills-group.ts'
import { requireRollup } from './known-rollup.ts'
import type { RollupParts } from './rollup-parts.ts'
import type { RollupRef, RollupsGroup } from './rollups.ts'

const NO_ENGINE: RollupEngine = Object.freeze({
  policies: [],
  registered: () => Promise.resolve([]),
  start: () => undefined,
  kick: () => undefined,
  settled: () => Promise.resolve(),
  stop: () => Promise.resolve(),
})

/** A scheduler of jobs alone. */
export const WITHOUT_ROLLUPS: RollupParts = {
  createEngine: () => NO_ENGINE,
  createGroup(deps) {
    const { hold: _, ...backfills } = createBackfillsGroup(deps)
    /** There is none to know. */
    const refuse = (ref: RollupRef, verb: string): never => requireRollup(deps.rollups, ref, verb) as never
    const rollups: RollupsGroup = {
      ...backfills,
      state: async (ref) => refuse(ref, 'rollups.state'),
      windows: async (ref) => refuse(ref, 'rollups.windows'),
      planBackfill: async (ref) => refuse(ref, 'rollups.planBackfill'),
      verify: async (ref) => refuse(ref, 'rollups.verify'),
      snapshot: async (ref) => refuse(ref, 'rollups.snapshot'),
      restore: async (ref) => refuse(ref, 'rollups.restore'),
      targetSql: async (ref) => refuse(ref, 'rollups.targetSql'),
      examine: async (ref) => refuse(ref, 'rollups.examine'),
    }
    return { backfill: async (ref) => refuse(ref, 'backfill'), rollups: Object.freeze(rollups) }
  },
  readFreshness: async () => () => [],
}
