/** Suspends a job whose runs keep dying (`suspendAfter`). */
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import type { SettleReply } from '../store/runs.ts'
import type { Store } from '../store/store.ts'
import type { Execution } from './holdings.ts'

export interface SuspendDeps {
  readonly call: <T extends object>(verb: string, run: (store: Store) => Promise<T>) => Promise<T>
  readonly emitter: Emitter
  readonly logger: Logger
}

/** After a run of the job died. Never rejects: if the store cannot be reached, the next dead run tries again. */
export async function suspendIfFailing({ policy }: Execution, reply: SettleReply, deps: SuspendDeps): Promise<void> {
  const { failuresInARow } = reply
  if (policy.suspendAfter === null || failuresInARow < policy.suspendAfter) return
  const job = policy.name
  const reason = `${failuresInARow} runs in a row died (suspendAfter: ${policy.suspendAfter})`
  try {
    await deps.call('schedules.suspend', (store) => store.schedules.suspend({ targets: [{ job, reason }] }))
    deps.emitter.emit('job.suspended', { job, key: null, reason })
    deps.logger.error({ job }, `job "${job}" was suspended: ${reason}`)
  } catch (error) {
    deps.logger.error({ err: error, job }, `job "${job}" should have been suspended: ${reason}; the next dead run tries again`)
  }
}
