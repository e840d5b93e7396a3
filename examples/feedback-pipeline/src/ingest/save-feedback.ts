/** Items → rows: each once, with the clustering that is to come, in one transaction. */
import { randomUUID } from 'node:crypto'
import { iso, type Queries, select } from '../db/queries.ts'
import { recordAudit } from '../follow/audit.ts'
import type { Ingested, NewFeedback } from './feedback.ts'

/** What is known of a request that brings items. */
export interface Arrival {
  readonly requestId: string
  readonly traceparent: string
  readonly actor: string
  readonly at: number
}

/** In the order of `items`. An item that is there already stays as it is, also when it is twice in one request. */
export async function saveFeedback(tx: Queries, items: readonly NewFeedback[], arrival: Arrival): Promise<readonly Ingested[]> {
  const { requestId, traceparent, actor, at } = arrival
  const rows = items.map((item) => ({ ...item, id: randomUUID(), createdAt: iso(item.createdAt) }))
  const created = await select<{ id: string }>(
    tx,
    `insert into pipeline.feedback
       (id, source, external_id, title, body, author, url, created_at, received_at, request_id, traceparent, status)
     select id, source, "externalId", title, body, author, url, "createdAt", $1::timestamptz, $2, $3, 'pending'
     from jsonb_to_recordset($4::jsonb) as item (
       id uuid, source text, "externalId" text, title text, body text, author text, url text, "createdAt" timestamptz)
     -- In one order, so that two requests with the same items never wait for each other in a circle.
     order by source, "externalId"
     on conflict (source, external_id) do nothing returning id`,
    [iso(at), requestId, traceparent, JSON.stringify(rows)],
  )
  const ids = new Set(created.map(({ id }) => id))
  const known = await select<{ id: string; source: string; externalId: string }>(
    tx,
    `select id, source, external_id as "externalId" from pipeline.feedback
     where (source, external_id) in (select source, "externalId" from jsonb_to_recordset($1::jsonb) as item (source text, "externalId" text))`,
    [JSON.stringify(rows)],
  )
  const idOf = new Map(known.map(({ id, source, externalId }) => [`${source} ${externalId}`, id]))
  const results = rows.map(({ id, source, externalId }): Ingested => {
    const outcome = ids.has(id) ? 'created' : 'duplicate'
    return { externalId, id: idOf.get(`${source} ${externalId}`) ?? id, outcome }
  })
  const news = rows.filter(({ id }) => ids.has(id))
  await recordAudit(
    tx,
    at,
    news.map(({ id, source, externalId }) => ({
      actor,
      action: 'feedback.ingested',
      subject: `feedback/${id}`,
      requestIds: [requestId],
      details: { source, externalId },
    })),
  )
  return results
}
