/** `fix-issue`: the agent works on a cluster; the pull request, the job's success and the run's are committed together. */
import { trace } from '@opentelemetry/api'
import { defineJob, type Job, type RunContext } from '@quarterjack/core'
import * as z from 'zod'
import { textOf } from '../clusters/summarise.ts'
import type { Database } from '../db/open-database.ts'
import { recordAudit } from '../follow/audit.ts'
import type { PipelineMetrics } from '../follow/metrics.ts'
import { gatherRequestIds } from '../follow/request-id.ts'
import { linksTo } from '../follow/tracing.ts'
import type { Agent, Fixed } from './agent.ts'
import { appendEvent, beginFix, type BegunFix, type Holder, succeedFix } from './store-fixes.ts'

export interface FixDeps {
  readonly db: Database
  readonly metrics: PipelineMetrics
  readonly agent: Agent
  readonly repository: string
  readonly stepMs: number
  /** Attempts, over all processes. */
  readonly perHour: number
  readonly now: () => number
  /** Before the first retry. */
  readonly retryMs?: number | undefined
}

const payloadSchema = z.object({
  jobId: z.uuid(),
  /** Of the span that asked for it. */
  traceparent: z.string().optional(),
})

export type FixJob = Job<z.input<typeof payloadSchema>, Fixed>

/** The key of a run is its cluster: two never work on the same one. */
export function defineFixJob(deps: FixDeps): FixJob {
  const { db, now, agent, repository, stepMs, metrics } = deps
  return defineJob({
    name: 'fix-issue',
    payload: payloadSchema,
    overlap: 'queue',
    concurrency: 2,
    rateLimit: { max: deps.perHour, per: '1h' },
    timeout: '10m',
    retry: { retries: 2, minTimeout: deps.retryMs ?? 5_000 },
    health: { maxFailures: 5 },
    run: async (ctx) => {
      const holder = (): Holder => ({ jobId: ctx.payload.jobId, runId: ctx.runId, fence: ctx.fence, at: now() })
      const begun = await db.transaction((tx) => startAttempt(tx, holder(), ctx))
      if (begun === null) return ctx.skip('the job has ended, or is in later hands')
      const requestIds = gatherRequestIds([begun.requestId, ...begun.items.map(({ requestId }) => requestId)])
      const { clusterId } = begun
      follow(begun, requestIds, ctx)

      const task = { jobId: ctx.payload.jobId, repository, stepMs, title: begun.title, reports: begun.items.slice(0, 10).map(textOf) }
      const fixed = await agent(
        task,
        async (progress) => {
          ctx.progress(progress)
          ctx.log.info({ requestId: begun.requestId, jobId: task.jobId, clusterId, ...progress }, 'fix progress')
          await appendEvent(db, holder(), progress)
        },
        ctx.signal,
      ).catch(async (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        await appendEvent(db, holder(), { step: 'failed', message: `attempt ${ctx.attempt}: ${message}`.slice(0, 500), percent: 0 })
        throw error
      })

      await db.store.commitWith(ctx, async (tx) => {
        await appendEvent(tx, holder(), { step: 'done', message: fixed.prUrl, percent: 100 })
        await succeedFix(tx, holder(), fixed)
        const details = { ...fixed, clusterId, runId: ctx.runId }
        await recordAudit(tx, now(), [{ actor: ctx.job, action: 'fix.succeeded', subject: `job/${task.jobId}`, requestIds, details }])
        return fixed
      })
      metrics.fixEnded('succeeded')
      ctx.log.info({ requestId: begun.requestId, jobId: task.jobId, clusterId, ...fixed }, 'fix succeeded')
      return fixed
    },
  })
}

async function startAttempt(
  tx: Parameters<typeof beginFix>[0],
  holder: Holder,
  { job, attempt, runId }: RunContext,
): Promise<BegunFix | null> {
  const begun = await beginFix(tx, holder)
  if (begun === null) return null
  const requestIds = gatherRequestIds([begun.requestId, ...begun.items.map(({ requestId }) => requestId)])
  await appendEvent(tx, holder, { step: 'start', message: `attempt ${attempt}`, percent: 0 })
  await recordAudit(tx, holder.at, [
    { actor: job, action: 'fix.started', subject: `job/${holder.jobId}`, requestIds, details: { attempt, runId } },
  ])
  return begun
}

/** The log and the trace of the attempt name every request that led here. */
function follow(
  begun: BegunFix,
  requestIds: readonly string[],
  ctx: RunContext<{ jobId: string; traceparent?: string | undefined }>,
): void {
  const { jobId, traceparent = null } = ctx.payload
  const span = trace.getActiveSpan()
  span?.setAttribute('requestIds', [...requestIds])
  span?.addLinks([...linksTo([traceparent, ...begun.items.map((item) => item.traceparent)])])
  ctx.log.info({ requestId: begun.requestId, requestIds, jobId, clusterId: begun.clusterId }, 'fix started')
}
