/** The audit trail: who did what to what, written in the transaction that did it. */
import { randomUUID } from 'node:crypto'
import { iso, type Queries, select } from '../db/queries.ts'

export interface AuditEntry {
  /** A kind of token, `sentry`, or the job that did it. */
  readonly actor: string
  readonly action: string
  /** `feedback/…`, `cluster/…`, `job/…`. */
  readonly subject: string
  /** Of all requests that it is about, so that each of them leads here. */
  readonly requestIds: readonly string[]
  readonly details?: Readonly<Record<string, unknown>>
}

export interface AuditRow extends Required<AuditEntry> {
  readonly id: string
  readonly at: string
}

/** All entries in one statement. */
export async function recordAudit(tx: Queries, at: number, entries: readonly AuditEntry[]): Promise<void> {
  const rows = entries.map((entry) => ({ id: randomUUID(), details: {}, ...entry }))
  await tx.query(
    `insert into pipeline.audit (id, at, actor, action, subject, request_ids, details)
     select id, $1::timestamptz, actor, action, subject, array(select jsonb_array_elements_text("requestIds")), details
     from jsonb_to_recordset($2::jsonb) as entry (id uuid, actor text, action text, subject text, "requestIds" jsonb, details jsonb)`,
    [iso(at), JSON.stringify(rows)],
  )
}

export interface AuditFilter {
  readonly requestId?: string | undefined
  readonly subject?: string | undefined
  readonly limit: number
}

/** Oldest first; the newest `limit`. */
export async function findAudit(db: Queries, { requestId, subject, limit }: AuditFilter): Promise<readonly AuditRow[]> {
  const newest = await select<AuditRow>(
    db,
    `select id, at, actor, action, subject, request_ids as "requestIds", details from pipeline.audit
     where ($1::text is null or request_ids @> array[$1::text]) and ($2::text is null or subject = $2)
     order by at desc, id limit $3`,
    [requestId ?? null, subject ?? null, limit],
  )
  return newest.toReversed()
}
