/** The rollups of a scheduler: their engine, on its store; nothing at all where there are none. */
import { createRollupEngine, type RollupEngine } from '../engine/rollup-engine.ts'
import type { Engine } from '../engine/engine.ts'
import type { JobPolicy } from '../job/job.ts'
import type { Logger } from '../observe/logger.ts'
import type { NextId } from '../random/ids.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { backfillJob } from '../rollup/rollup-run.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'
import { windowsOf } from '../trigger/marker.ts'
import type { KnownJobs } from './job-ref.ts'

export interface RollupsOptions {
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly store: Store
  readonly clock: Clock
  readonly random: () => number
  readonly nextId: NextId
  readonly logger: Logger
  readonly storeNow: () => number
  /** Made after its jobs are known. */
  readonly engine: () => Engine
}

export function createRollups({ store, engine, ...options }: RollupsOptions): RollupEngine {
  if (options.rollups.size === 0) return NONE
  return createRollupEngine({
    ...options,
    windows: windowsOf(store),
    call: (verb, run) => engine().call(verb, (opened) => run(windowsOf(opened))),
    enqueue: (request) => engine().enqueue({ request, merge: null }),
    registerAgain: () => engine().registerAgain(),
    stir: () => engine().stir(),
  })
}

const NONE: RollupEngine = Object.freeze({
  policies: [],
  registered: () => Promise.resolve([]),
  start: () => undefined,
  kick: () => undefined,
  settled: () => Promise.resolve(),
  stop: () => Promise.resolve(),
})

/** Who executes a rollup works on its backfills, too. */
export function withBackfills(name: string, jobs: KnownJobs): readonly JobPolicy[] {
  const backfills = jobs.policies.get(backfillJob(name))
  return [jobs.named(name), ...(backfills === undefined ? [] : [backfills])]
}
