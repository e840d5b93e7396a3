/** Every six hours: queues the mails of campaigns that are due, and moves their readers on. */
import { iso, ms, type Queries, select } from '../db/queries.ts'
import { type Enrollment, planSequenceSteps } from './plan-sequence-steps.ts'

export interface SequenceCounts {
  readonly queued: number
  readonly completed: number
  readonly stopped: number
}

export async function processSequences(db: Queries, at: number): Promise<SequenceCounts> {
  const enrollments = await select<Enrollment>(
    db,
    `select e.id, s.steps, e.next_step as "nextStep", ${ms('e.last_at')} as "lastAt", u.email,
            u.newsletter and u.closed_at is null as "isWanted"
     from gateway.enrollments e
     join gateway.sequences s on s.id = e.sequence_id
     join gateway.users u on u.id = e.user_id
     where e.status = 'active' order by e.id for update of e`,
  )
  const moves = planSequenceSteps(enrollments, at)
  const mails = moves.flatMap(({ id, mail }) => (mail === null ? [] : [{ id, ...mail }]))
  await db.query(
    `insert into gateway.outbox (enrollment_id, step, recipient, subject, queued_at)
     select id, step, recipient, subject, $2::timestamptz
     from jsonb_to_recordset($1::jsonb) as m(id int, step int, recipient text, subject text)`,
    [JSON.stringify(mails), iso(at)],
  )
  await db.query(
    `update gateway.enrollments e
     set status = m.status, next_step = m."nextStep", last_at = to_timestamp(m."lastAt" / 1000)
     from jsonb_to_recordset($1::jsonb) as m(id int, status text, "nextStep" int, "lastAt" float8) where e.id = m.id`,
    [JSON.stringify(moves)],
  )
  const count = (status: string): number => moves.filter((move) => move.status === status).length
  return { queued: mails.length, completed: count('completed'), stopped: count('stopped') }
}
