/** What a worker process on Postgres is told. */
import type { WorkerPlan } from '@quarterjack/fault-kit/worker-plan'

/** One process. */
export interface PgWorkerPlan extends WorkerPlan {
  /** How it reaches the record of effects: always directly. */
  readonly effectsUrl: string
}
