/** The approval workflow: suggestions wait for somebody's decision. */
import { change, iso, type Queries, select } from '../db/queries.ts'

export interface Suggestion {
  readonly id: string
  readonly projectId: string
  readonly agent: string
  readonly kind: string
  readonly title: string
  readonly body: string
  readonly confidence: number
  readonly status: 'pending_review' | 'approved' | 'published' | 'rejected'
  readonly createdAt: string
  readonly decidedBy: string | null
}

/** The most confident first; at most 200. */
export async function listSuggestions(db: Queries, status: Suggestion['status']): Promise<readonly Suggestion[]> {
  return select<Suggestion>(
    db,
    `select id, project_id as "projectId", agent, kind, title, body, confidence, status, created_at as "createdAt", decided_by as "decidedBy"
     from gateway.suggestions where status = $1 order by confidence desc, created_at, id limit 200`,
    [status],
  )
}

/** What may follow on what: what waits is approved or rejected, what is approved may be published. */
const FROM = { approved: 'pending_review', rejected: 'pending_review', published: 'approved' } as const

export type Verdict = keyof typeof FROM

export interface Decision {
  readonly id: string
  readonly verdict: Verdict
  readonly by: string
  readonly at: number
}

/** False when there is no such suggestion, or it is not at that point. */
export async function decide(db: Queries, { id, verdict, by, at }: Decision): Promise<boolean> {
  const decided = await change(
    db,
    `update gateway.suggestions set status = $2, decided_by = $3, decided_at = $4::timestamptz
     where id = $1::uuid and status = $5 returning id`,
    [id, verdict, by, iso(at), FROM[verdict]],
  )
  return decided > 0
}
