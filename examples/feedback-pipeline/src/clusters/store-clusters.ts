/** Clusters and their items ⇄ rows. */
import { iso, ms, type Queries, select } from '../db/queries.ts'
import type { Assigned, ClusterPoint } from './assign-clusters.ts'
import { summarise, type SummarisedItem } from './summarise.ts'

export interface PendingItem extends SummarisedItem {
  readonly id: string
  readonly requestId: string
  readonly traceparent: string | null
  readonly receivedAt: number
}

/** Oldest first. */
export async function listPending(db: Queries, most: number): Promise<readonly PendingItem[]> {
  return select<PendingItem>(
    db,
    `select id, title, body, request_id as "requestId", traceparent, ${ms('received_at')} as "receivedAt"
     from pipeline.feedback where status = 'pending' order by received_at, id limit $1`,
    [most],
  )
}

/** All of them: an item is compared with every cluster. */
export async function loadClusterPoints(tx: Queries): Promise<readonly ClusterPoint[]> {
  return select<ClusterPoint>(tx, `select id, centroid as sum, size from pipeline.clusters order by created_at, id`)
}

/** The most items that the summary of a cluster is made from: its newest. */
const SUMMARISED = 50

export async function saveAssignments(tx: Queries, { assignments, changed, at }: Assigned & { readonly at: number }): Promise<void> {
  const points = changed.map(({ id, sum, size }) => ({ id, centroid: sum.map((value) => Math.round(value * 1e5) / 1e5), size }))
  await tx.query(
    `insert into pipeline.clusters (id, title, summary, terms, centroid, size, status, created_at, updated_at)
     select id, '', '', '[]', centroid, size, 'open', $1::timestamptz, $1::timestamptz
     from jsonb_to_recordset($2::jsonb) as point (id uuid, centroid jsonb, size int)
     on conflict (id) do update set centroid = excluded.centroid, size = excluded.size, updated_at = excluded.updated_at`,
    [iso(at), JSON.stringify(points)],
  )
  await tx.query(
    `update pipeline.feedback f set status = 'clustered', cluster_id = a."clusterId", clustered_at = $1::timestamptz, error = null
     from jsonb_to_recordset($2::jsonb) as a ("itemId" uuid, "clusterId" uuid) where f.id = a."itemId"`,
    [iso(at), JSON.stringify(assignments)],
  )
  const members = await select<SummarisedItem & { readonly clusterId: string }>(
    tx,
    `select c.id as "clusterId", f.title, f.body from unnest($1::uuid[]) as c (id) cross join lateral (
       select title, body from pipeline.feedback where cluster_id = c.id order by received_at desc, id limit $2) f`,
    [changed.map(({ id }) => id), SUMMARISED],
  )
  const summaries = [...Map.groupBy(members, ({ clusterId }) => clusterId)].map(([id, items]) => ({ id, ...summarise(items) }))
  await tx.query(
    `update pipeline.clusters c set title = s.title, summary = s.summary, terms = s.terms
     from jsonb_to_recordset($1::jsonb) as s (id uuid, title text, summary text, terms jsonb) where c.id = s.id`,
    [JSON.stringify(summaries)],
  )
}

export async function markDead(tx: Queries, items: readonly PendingItem[], error: string): Promise<void> {
  await tx.query(`update pipeline.feedback set status = 'dead', error = $2 where id = any($1::uuid[]) and status = 'pending'`, [
    items.map(({ id }) => id),
    error,
  ])
}
