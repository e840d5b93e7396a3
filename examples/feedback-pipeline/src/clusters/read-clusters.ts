/** Clusters as the API shows them. */
import { type Queries, select } from '../db/queries.ts'

export const CLUSTER_STATUSES = ['open', 'fixing', 'pr_open'] as const
export type ClusterStatus = (typeof CLUSTER_STATUSES)[number]

export interface ClusterView {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly terms: readonly string[]
  readonly size: number
  readonly status: ClusterStatus
  readonly prUrl: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export interface ClusterDetail extends ClusterView {
  /** The newest 100. */
  readonly feedback: readonly Readonly<Record<string, unknown>>[]
  /** Its fixes, the newest first. */
  readonly jobs: readonly { readonly id: string; readonly status: string; readonly prUrl: string | null }[]
}

const COLUMNS = `id, title, summary, terms, size, status, pr_url as "prUrl", created_at as "createdAt", updated_at as "updatedAt"`

/** The largest first. */
export async function listClusters(db: Queries, status: ClusterStatus | null, limit: number): Promise<readonly ClusterView[]> {
  return select<ClusterView>(
    db,
    `select ${COLUMNS} from pipeline.clusters where $1::text is null or status = $1 order by size desc, created_at, id limit $2`,
    [status, limit],
  )
}

export async function findCluster(db: Queries, id: string): Promise<ClusterDetail | null> {
  const [cluster] = await select<ClusterView>(db, `select ${COLUMNS} from pipeline.clusters where id = $1::uuid`, [id])
  if (cluster === undefined) return null
  const feedback = await select<Readonly<Record<string, unknown>>>(
    db,
    `select id, source, external_id as "externalId", title, body, author, url, created_at as "createdAt", received_at as "receivedAt",
       request_id as "requestId" from pipeline.feedback where cluster_id = $1::uuid order by received_at desc, id limit 100`,
    [id],
  )
  const jobs = await select<ClusterDetail['jobs'][number]>(
    db,
    `select id, status, pr_url as "prUrl" from pipeline.agent_jobs where cluster_id = $1::uuid order by created_at desc, id`,
    [id],
  )
  return { ...cluster, feedback, jobs }
}
