/** Daily: who has come to belong to which segment, and who no longer does. */
import { change, iso, ms, type Queries, select } from '../db/queries.ts'
import { DAY_MS } from '../db/time.ts'
import { matchesSegment, type SegmentRule, type SegmentUser } from './match-segment.ts'

export interface SegmentCounts {
  readonly joined: number
  readonly left: number
}

/** Rules look no further back. */
const HISTORY_DAYS = 90

export async function updateSegments(db: Queries, at: number): Promise<SegmentCounts> {
  const segments = await select<{ id: string; rule: SegmentRule }>(db, `select id, rule from gateway.segments`)
  const users = await select<SegmentUser>(
    db,
    `select u.id, u.plan, ${ms('u.created_at')} as "createdAt",
            coalesce(jsonb_agg(jsonb_build_object('name', e.name, 'at', ${ms('e.at')})) filter (where e.id is not null), '[]') as events
     from gateway.users u
     left join gateway.events e on e.user_id = u.id and e.at > $1::timestamptz and e.at <= $2::timestamptz
     where u.closed_at is null group by u.id`,
    [iso(at - HISTORY_DAYS * DAY_MS), iso(at)],
  )
  const members = segments.flatMap(({ id, rule }) =>
    users.filter((user) => matchesSegment(rule, user, at)).map((user) => ({ segment: id, user: user.id })),
  )
  const joined = await change(
    db,
    `insert into gateway.segment_members (segment_id, user_id, since)
     select segment, "user", $2::timestamptz from jsonb_to_recordset($1::jsonb) as m(segment text, "user" int)
     on conflict do nothing returning user_id`,
    [JSON.stringify(members), iso(at)],
  )
  const left = await change(
    db,
    `delete from gateway.segment_members where (segment_id, user_id) not in
       (select segment, "user" from jsonb_to_recordset($1::jsonb) as m(segment text, "user" int)) returning user_id`,
    [JSON.stringify(members)],
  )
  return { joined, left }
}
