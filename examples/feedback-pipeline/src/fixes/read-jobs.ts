/** Fixes as the API shows them. */
import { type Queries, select } from '../db/queries.ts'
import type { JobStatus } from './job-status.ts'

export interface JobView {
  readonly id: string
  readonly clusterId: string
  readonly status: JobStatus
  readonly step: string | null
  readonly percent: number
  readonly branch: string | null
  readonly prUrl: string | null
  readonly error: string | null
  readonly requestedBy: string
  readonly requestId: string
  readonly runId: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly finishedAt: string | null
}

export interface JobEvent {
  readonly seq: number
  readonly at: string
  readonly step: string
  readonly message: string
  readonly percent: number
}

export async function findJob(db: Queries, id: string): Promise<JobView | null> {
  const [job] = await select<JobView>(
    db,
    `select id, cluster_id as "clusterId", status, step, percent, branch, pr_url as "prUrl", error, requested_by as "requestedBy",
       request_id as "requestId", run_id as "runId", created_at as "createdAt", updated_at as "updatedAt", finished_at as "finishedAt"
     from pipeline.agent_jobs where id = $1::uuid`,
    [id],
  )
  return job ?? null
}

/** Those after `after`, oldest first; at most 500. */
export async function listEvents(db: Queries, id: string, after: number): Promise<readonly JobEvent[]> {
  return select<JobEvent>(
    db,
    `select seq, at, step, message, percent from pipeline.job_events where job_id = $1::uuid and seq > $2 order by seq limit 500`,
    [id, after],
  )
}
