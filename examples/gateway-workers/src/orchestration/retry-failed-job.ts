/** Hourly at :30: agents that failed try again, three times at most. */
import { defineJob, type Job } from '@quarterjack/core'
import { select } from '../db/queries.ts'
import { workerPolicy } from '../worker/define-worker.ts'
import type { WorkerDeps } from '../worker/worker-deps.ts'
import type { AgentJob } from './agent-job.ts'
import { type Assignment, keyOf } from './settings.ts'

const MAX_RETRIES = 3

/** `orchestration-retry-failed`. A failure is marked in the transaction that starts its retry. */
export function defineRetryFailedJob(deps: WorkerDeps, agentJob: AgentJob): Job<undefined, { readonly retried: number }> {
  return defineJob({
    ...workerPolicy('orchestration-retry-failed', '30 * * * *', deps),
    run: (ctx) =>
      deps.transact(ctx, async (tx) => {
        const failed = await select<Assignment & { runId: string; retries: number }>(
          tx,
          `update gateway.agent_runs set status = 'retried' where status = 'failed' and retries < $1::int
           returning run_id as "runId", project_id as "projectId", agent, retries`,
          [MAX_RETRIES],
        )
        const scheduler = deps.scheduler()
        await scheduler.triggerMany(
          agentJob,
          failed.map(({ runId, projectId, agent, retries }) => ({
            key: keyOf({ projectId, agent }),
            payload: { projectId, agent, origin: 'retry' as const, retries: retries + 1 },
            idempotencyKey: `retry/${runId}`,
            ...(scheduler.store.capabilities.transactions && { tx }),
          })),
        )
        return { retried: failed.length }
      }),
  })
}
