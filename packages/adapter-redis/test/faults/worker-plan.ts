/** What a worker process on Redis is told. */
import type { WorkerPlan } from '@quarterjack/fault-kit/worker-plan'
import type { RecordPlace } from './effects.ts'
import type { ClientKind } from './open-client.ts'

/** One process. */
export interface RedisWorkerPlan extends WorkerPlan {
  readonly client: ClientKind
  readonly prefix: string
  readonly record: RecordPlace
}
