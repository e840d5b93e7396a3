/** Weekly: the logs of orchestration are kept for 30 days, unless the payload says otherwise. Suggestions stay. */
import { cron, defineJob, type Job } from '@quarterjack/core'
import type * as z from 'zod'
import { change, iso } from '../db/queries.ts'
import { DAY_MS } from '../db/time.ts'
import { retentionSchema, workerPolicy } from '../worker/define-worker.ts'
import { instantOf, type WorkerDeps } from '../worker/worker-deps.ts'

export interface OrchestrationCleanUp {
  readonly runs: number
  readonly analyses: number
}

/** `orchestration-cleanup`. */
export function defineCleanUpJob(deps: WorkerDeps): Job<z.input<typeof retentionSchema>, OrchestrationCleanUp> {
  return defineJob({
    ...workerPolicy('orchestration-cleanup', '0 8 * * 0', deps),
    payload: retentionSchema,
    ...(deps.isScheduled && { schedule: cron('0 8 * * 0', { payload: { retentionDays: 30 } }) }),
    run: (ctx) =>
      deps.transact(ctx, async (tx) => {
        const before = iso(instantOf(ctx, deps) - ctx.payload.retentionDays * DAY_MS)
        const runs = await change(tx, `delete from gateway.agent_runs where finished_at < $1::timestamptz returning run_id`, [before])
        const analyses = await change(tx, `delete from gateway.github_analyses where period_end < $1::timestamptz returning project_id`, [
          before,
        ])
        return { runs, analyses }
      }),
  })
}
