/** The code of rollups, as a scheduler uses it. Rollups carry it: a bundle of jobs alone holds none of it. */
import type { RollupEngine, RollupEngineDeps } from '../engine/rollup-engine.ts'
import type { Engine } from '../engine/engine.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { RollupFacts } from '../health/health-facts.ts'
import type { Logger } from '../observe/logger.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { Store } from '../store/store.ts'
import type { BackfillsDeps } from './backfills-group.ts'
import type { Scheduler } from './scheduler.ts'

/** What the engine of rollups is made of. */
export interface RollupEngineOptions extends Pick<RollupEngineDeps, 'rollups' | 'clock' | 'random' | 'nextId' | 'logger' | 'storeNow'> {
  readonly store: Store
  /** Made after its jobs are known. */
  readonly engine: () => Engine
}

/** What the group is made of. */
export interface RollupsDeps extends BackfillsDeps {
  readonly store: Store
  readonly call: Engine['call']
  readonly logger: Logger
}

/** Judges what was read. `sinceOf`: when the job of a rollup was first registered; null: it is not known. */
export type JudgeFreshness = (sinceOf: (rollup: string) => number | null) => readonly RollupFacts[]

/** What a scheduler does for its rollups. */
export interface RollupParts {
  createEngine(options: RollupEngineOptions): RollupEngine
  createGroup(deps: RollupsDeps): Pick<Scheduler, 'backfill' | 'rollups'>
  /** Never throws: of a store that does not answer, nothing is known. */
  readFreshness(rollups: ReadonlyMap<string, Rollup>, callOnce: Engine['callOnce']): Promise<JudgeFreshness>
}

/** By name: the rollup may come from another copy of the package. */
const PARTS = Symbol.for('quarterjack.rollupParts')

interface Carrier extends Rollup {
  readonly [PARTS]?: RollupParts
}

/** The rollup, with the code that carries it out. */
export function carryParts(rollup: Rollup, parts: RollupParts): Rollup {
  return Object.freeze({ ...rollup, [PARTS]: parts } satisfies Carrier)
}

/** What the rollups carry, or `otherwise` where there are none. Throws `InvalidOption` for one that `defineRollup` did not make. */
export function partsOf(rollups: ReadonlyMap<string, Rollup>, otherwise: RollupParts): RollupParts {
  let found = otherwise
  for (const rollup of rollups.values()) {
    const { [PARTS]: parts } = rollup as Carrier
    if (parts === undefined) {
      throw new QuarterjackError(
        'InvalidOption',
        `createScheduler: jobs: rollup "${rollup.name}" was not made by defineRollup(), or is a copy without its symbols. Pass it as defineRollup() returned it.`,
      )
    }
    found = parts
  }
  return found
}
