/** What was given up, and how it goes on after all: items without a cluster, fixes that failed. */
import type { Scheduler } from '@quarterjack/core'
import type { ClusterJob } from '../clusters/cluster-job.ts'
import type { Database } from '../db/open-database.ts'
import { iso, type Queries, select } from '../db/queries.ts'
import { recordAudit } from '../follow/audit.ts'
import type { FixJob } from '../fixes/fix-job.ts'
import { sourcesOf } from '../fixes/job-status.ts'

export interface DeadDeps {
  readonly db: Database
  readonly scheduler: Scheduler
  readonly clusterJob: ClusterJob
  readonly fixJob: FixJob
  readonly now: () => number
}

export interface DeadLetters {
  readonly feedback: readonly { readonly id: string; readonly title: string; readonly error: string | null; readonly requestId: string }[]
  readonly jobs: readonly { readonly id: string; readonly clusterId: string; readonly error: string | null; readonly requestId: string }[]
}

export interface ReplayRequest {
  /** Of items and of jobs, mixed. */
  readonly ids: readonly string[]
  readonly actor: string
  readonly requestId: string
}

/** A failed job whose cluster has a later one is no dead letter any more. */
export async function listDead(db: Queries): Promise<DeadLetters> {
  const feedback = await select<DeadLetters['feedback'][number]>(
    db,
    `select id, title, error, request_id as "requestId" from pipeline.feedback where status = 'dead' order by received_at, id limit 1000`,
  )
  const jobs = await select<DeadLetters['jobs'][number]>(
    db,
    `select id, cluster_id as "clusterId", error, request_id as "requestId" from pipeline.agent_jobs j where status = 'failed'
       and not exists (select from pipeline.agent_jobs later where later.cluster_id = j.cluster_id and later.created_at > j.created_at)
     order by created_at, id limit 1000`,
  )
  return { feedback, jobs }
}

/** Those of `ids` that are dead go on; others are left alone. */
export async function replayDead(deps: DeadDeps, request: ReplayRequest): Promise<{ readonly feedback: number; readonly jobs: number }> {
  const feedback = await replayFeedback(deps, request)
  const { jobs } = await listDead(deps.db)
  let replayed = 0
  for (const { id } of jobs) if (request.ids.includes(id) && (await replayJob(deps, id, request))) replayed += 1
  return { feedback, jobs: replayed }
}

function replayFeedback({ db, scheduler, clusterJob, now }: DeadDeps, { ids, actor, requestId }: ReplayRequest): Promise<number> {
  return db.transaction(async (tx) => {
    const items = await select<{ id: string; requestId: string }>(
      tx,
      `update pipeline.feedback set status = 'pending', error = null where id = any($1::uuid[]) and status = 'dead'
       returning id, request_id as "requestId"`,
      [ids],
    )
    if (items.length === 0) return 0
    await scheduler.trigger(clusterJob, undefined, { tx })
    await recordAudit(
      tx,
      now(),
      items.map((item) => ({
        actor,
        action: 'feedback.replayed',
        subject: `feedback/${item.id}`,
        requestIds: [requestId, item.requestId],
      })),
    )
    return items.length
  })
}

/** A run of its own rather than a replay of the dead one: it is made in the same transaction, also where the dead one is not kept. */
function replayJob({ db, scheduler, fixJob, now }: DeadDeps, id: string, { actor, requestId }: ReplayRequest): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [job] = await select<{ clusterId: string; requestId: string }>(
      tx,
      // An imported job has a fence of another store, which may be far ahead of those here.
      `update pipeline.agent_jobs set status = 'queued', fence = 0, error = null, finished_at = null, updated_at = $2::timestamptz
       where id = $1::uuid and status = any($3::text[]) returning cluster_id as "clusterId", request_id as "requestId"`,
      [id, iso(now()), sourcesOf('replay')],
    )
    if (job === undefined) return false
    const run = await scheduler.trigger(fixJob, { jobId: id }, { key: job.clusterId, tx })
    await tx.query(`update pipeline.agent_jobs set run_id = $2 where id = $1::uuid`, [id, run.id])
    await tx.query(`update pipeline.clusters set status = 'fixing', updated_at = $2::timestamptz where id = $1::uuid`, [
      job.clusterId,
      iso(now()),
    ])
    const requestIds = [requestId, job.requestId]
    await recordAudit(tx, now(), [{ actor, action: 'fix.replayed', subject: `job/${id}`, requestIds, details: { runId: run.id } }])
    return true
  })
}
