/** Daily: gives each open account the credits of its plan, once a day, and writes the ledger. */
import { change, type Queries, select } from '../db/queries.ts'
import { dayOf } from '../db/time.ts'
import { type CreditAccount, planCreditReset } from './plan-credit-reset.ts'

export async function resetCredits(db: Queries, at: number): Promise<{ readonly reset: number }> {
  const day = dayOf(at)
  const plans = await select<{ name: string; daily_credits: number }>(db, `select name, daily_credits from gateway.plans`)
  const accounts = await select<CreditAccount>(
    db,
    `select id as "userId", plan, credits, credits_reset_on::text as "resetOn" from gateway.users
     where closed_at is null and credits_reset_on < $1::date order by id for update`,
    [day],
  )
  const resets = planCreditReset(accounts, new Map(plans.map((plan) => [plan.name, plan.daily_credits])), day)
  const reset = await change(
    db,
    `with resets as (select * from jsonb_to_recordset($1::jsonb) as r("userId" int, balance int, delta int)),
          ledger as (insert into gateway.credit_ledger (user_id, day, delta, balance)
                     select "userId", $2::date, delta, balance from resets)
     update gateway.users set credits = balance, credits_reset_on = $2::date from resets where id = "userId" returning id`,
    [JSON.stringify(resets), day],
  )
  return { reset }
}
