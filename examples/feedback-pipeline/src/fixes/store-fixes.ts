/** Fixes ⇄ rows: each change in the one statement that is allowed to make it. */
import { change, iso, ms, type Queries, select } from '../db/queries.ts'
import { recordAudit } from '../follow/audit.ts'
import { gatherRequestIds, MOST_REQUEST_IDS } from '../follow/request-id.ts'
import type { Fixed, FixProgress } from './agent.ts'
import { type JobStatus, sourcesOf } from './job-status.ts'

/** What an attempt needs to know. */
export interface BegunFix {
  readonly clusterId: string
  readonly requestId: string
  readonly title: string
  readonly items: readonly {
    readonly title: string
    readonly body: string
    readonly requestId: string
    readonly traceparent: string | null
  }[]
}

/** Whose attempt it is. A later one has the larger fence; what an earlier one still writes is refused. */
export interface Holder {
  readonly jobId: string
  readonly runId: string
  readonly fence: number
  readonly at: number
}

/** Null when the job has ended, is gone, or is in later hands. */
export async function beginFix(tx: Queries, { jobId, runId, fence, at }: Holder): Promise<BegunFix | null> {
  const [job] = await select<{ clusterId: string; requestId: string }>(
    tx,
    `update pipeline.agent_jobs set status = 'running', run_id = $2, fence = $3::bigint, updated_at = $4::timestamptz, error = null, finished_at = null
     where id = $1::uuid and status = any($5::text[]) and fence <= $3::bigint
     returning cluster_id as "clusterId", request_id as "requestId"`,
    [jobId, runId, fence, iso(at), sourcesOf('start')],
  )
  if (job === undefined) return null
  const [cluster] = await select<{ title: string }>(
    tx,
    `update pipeline.clusters set status = 'fixing', updated_at = $2::timestamptz where id = $1::uuid returning title`,
    [job.clusterId, iso(at)],
  )
  const items = await select<BegunFix['items'][number]>(
    tx,
    `select title, body, request_id as "requestId", traceparent from pipeline.feedback where cluster_id = $1::uuid
     order by received_at desc, id limit 50`,
    [job.clusterId],
  )
  return { ...job, title: cluster?.title ?? '', items }
}

/** A line of the job's stream, and how far it is. False when the job is in later hands. */
export async function appendEvent(tx: Queries, { jobId, fence, at }: Holder, { step, message, percent }: FixProgress): Promise<boolean> {
  const touched = await change(
    tx,
    `with job as (
       update pipeline.agent_jobs set step = $3, percent = $5, updated_at = $6::timestamptz
       where id = $1::uuid and status = 'running' and fence = $2::bigint returning id)
     insert into pipeline.job_events (job_id, seq, at, step, message, percent)
     select id, (select coalesce(max(seq), 0) + 1 from pipeline.job_events where job_id = $1::uuid), $6::timestamptz, $3, $4, $5 from job
     returning seq`,
    [jobId, fence, step, message, percent, iso(at)],
  )
  return touched > 0
}

/** Throws when the job is in later hands: then nothing of it may be committed. */
export async function succeedFix(tx: Queries, { jobId, fence, at }: Holder, { branch, prUrl }: Fixed): Promise<void> {
  const touched = await change(
    tx,
    `update pipeline.agent_jobs set status = 'succeeded', step = 'done', percent = 100, branch = $3, pr_url = $4,
       updated_at = $5::timestamptz, finished_at = $5::timestamptz
     where id = $1::uuid and fence = $2::bigint and status = any($6::text[]) returning id`,
    [jobId, fence, branch, prUrl, iso(at), sourcesOf('succeed')],
  )
  if (touched === 0) throw new Error(`Job ${jobId} is not at a point where it can succeed.`)
  await tx.query(
    `update pipeline.clusters set status = 'pr_open', pr_url = $2, updated_at = $3::timestamptz
     where id = (select cluster_id from pipeline.agent_jobs where id = $1::uuid)`,
    [jobId, prUrl, iso(at)],
  )
}

/** By its run, because that is what died. False when the job had ended, or has another run by now. */
export async function failFix(
  tx: Queries,
  { runId, error, at }: { readonly runId: string; readonly error: string; readonly at: number },
): Promise<boolean> {
  const [job] = await select<{ id: string; clusterId: string; requestId: string }>(
    tx,
    `update pipeline.agent_jobs set status = 'failed', error = $2, updated_at = $3::timestamptz, finished_at = $3::timestamptz
     where run_id = $1 and status = any($4::text[]) returning id, cluster_id as "clusterId", request_id as "requestId"`,
    [runId, error, iso(at), sourcesOf('die')],
  )
  if (job === undefined) return false
  await tx.query(`update pipeline.clusters set status = 'open', updated_at = $2::timestamptz where id = $1::uuid`, [job.clusterId, iso(at)])
  const requestIds = await requestIdsOf(tx, job)
  await recordAudit(tx, at, [{ actor: 'fix-issue', action: 'fix.failed', subject: `job/${job.id}`, requestIds, details: { error, runId } }])
  return true
}

/** Of the fix, and of the items of its cluster. */
export async function requestIdsOf(
  tx: Queries,
  fix: { readonly clusterId: string; readonly requestId: string },
): Promise<readonly string[]> {
  const items = await select<{ requestId: string }>(
    tx,
    `select request_id as "requestId" from pipeline.feedback where cluster_id = $1::uuid order by received_at desc, id limit $2`,
    [fix.clusterId, MOST_REQUEST_IDS],
  )
  return gatherRequestIds([fix.requestId, ...items.map(({ requestId }) => requestId)])
}

export interface OpenFix {
  readonly runId: string
  readonly status: JobStatus
  readonly updatedAt: number
}

/** Those that should be under way, and were not touched since `before`. */
export async function listOpenFixes(db: Queries, before: number): Promise<readonly OpenFix[]> {
  return select<OpenFix>(
    db,
    `select run_id as "runId", status, ${ms('updated_at')} as "updatedAt" from pipeline.agent_jobs
     where status in ('queued', 'running') and updated_at < $1::timestamptz order by updated_at limit 200`,
    [iso(before)],
  )
}
