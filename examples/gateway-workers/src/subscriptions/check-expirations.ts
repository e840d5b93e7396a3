/** Daily: ends subscriptions, takes their users back to the free plan, and announces ends that are near. */
import { change, iso, ms, type Queries, select } from '../db/queries.ts'
import { planExpirations, type Subscription } from './plan-expirations.ts'

export interface ExpirationCounts {
  readonly pastDue: number
  readonly expired: number
  readonly notices: number
}

export async function checkExpirations(db: Queries, at: number): Promise<ExpirationCounts> {
  const subscriptions = await select<Subscription>(
    db,
    `select id, user_id as "userId", status, ${ms('period_end')} as "periodEnd", cancel_at_period_end as "cancelAtPeriodEnd"
     from gateway.subscriptions where status <> 'expired' order by id for update`,
  )
  const { changes, endingSoon } = planExpirations(subscriptions, at)
  await db.query(
    `update gateway.subscriptions s set status = c.status
     from jsonb_to_recordset($1::jsonb) as c(id int, status text) where s.id = c.id`,
    [JSON.stringify(changes)],
  )
  const expired = changes.filter(({ status }) => status === 'expired')
  await db.query(`update gateway.users set plan = 'free' from jsonb_to_recordset($1::jsonb) as c("userId" int) where id = "userId"`, [
    JSON.stringify(expired),
  ])
  const notices = await change(
    db,
    `insert into gateway.subscription_notices (subscription_id, kind, period_end, created_at)
     select id, 'ends-soon', period_end, $2::timestamptz from gateway.subscriptions
     where id in (select value::int from jsonb_array_elements_text($1::jsonb))
     on conflict do nothing returning subscription_id`,
    [JSON.stringify(endingSoon), iso(at)],
  )
  return { pastDue: changes.length - expired.length, expired: expired.length, notices }
}
