/** "Start fix": a job for a cluster and the run that does it, in one transaction; or the job that is there already. */
import { randomUUID } from 'node:crypto'
import type { Scheduler } from '@quarterjack/core'
import type { Database } from '../db/open-database.ts'
import { iso, select } from '../db/queries.ts'
import { recordAudit } from '../follow/audit.ts'
import type { FixJob } from './fix-job.ts'
import { requestIdsOf } from './store-fixes.ts'

export interface StartDeps {
  readonly db: Database
  readonly scheduler: Scheduler
  readonly fixJob: FixJob
  readonly now: () => number
}

export interface StartRequest {
  readonly clusterId: string
  readonly actor: string
  readonly requestId: string
  readonly traceparent: string
}

export type Started = { readonly kind: 'started' | 'existing'; readonly jobId: string } | { readonly kind: 'no cluster' }

/** However many ask at once, one starts it: the row of the cluster is locked meanwhile. After a failure, the next one starts anew. */
export function startFix(deps: StartDeps, { clusterId, actor, requestId, traceparent }: StartRequest): Promise<Started> {
  const { db, scheduler, fixJob, now } = deps
  return db.transaction(async (tx): Promise<Started> => {
    const clusters = await select(tx, `select id from pipeline.clusters where id = $1::uuid for update`, [clusterId])
    if (clusters.length === 0) return { kind: 'no cluster' }
    const [existing] = await select<{ id: string }>(
      tx,
      `select id from pipeline.agent_jobs where cluster_id = $1::uuid and status <> 'failed'`,
      [clusterId],
    )
    if (existing !== undefined) return { kind: 'existing', jobId: existing.id }

    const jobId = randomUUID()
    const payload = { jobId, traceparent }
    const run = await scheduler.trigger(fixJob, payload, { key: clusterId, idempotencyKey: jobId, tx })
    await tx.query(
      `insert into pipeline.agent_jobs
         (id, cluster_id, status, run_id, fence, percent, requested_by, request_id, created_at, updated_at)
       values ($1::uuid, $2::uuid, 'queued', $3, 0, 0, $4, $5, $6::timestamptz, $6::timestamptz)`,
      [jobId, clusterId, run.id, actor, requestId, iso(now())],
    )
    await tx.query(`update pipeline.clusters set status = 'fixing', updated_at = $2::timestamptz where id = $1::uuid`, [
      clusterId,
      iso(now()),
    ])
    const requestIds = await requestIdsOf(tx, { clusterId, requestId })
    const details = { clusterId, runId: run.id }
    await recordAudit(tx, now(), [{ actor, action: 'fix.queued', subject: `job/${jobId}`, requestIds, details }])
    return { kind: 'started', jobId }
  })
}
