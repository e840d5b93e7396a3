/** Daily: the funnels of the last seven days, since people go on through them after their first day. */
import { change, iso, ms, type Queries, select } from '../db/queries.ts'
import { DAY_MS, dayOf, HOUR_MS, startOfDay } from '../db/time.ts'
import { computeFunnel, type FunnelEvent } from './compute-funnel.ts'

const DAYS = 7

export async function computeFunnels(db: Queries, at: number): Promise<{ readonly written: number }> {
  const today = startOfDay(at)
  const funnels = await select<{ id: string; steps: readonly string[]; hours: number }>(
    db,
    `select id, steps, window_hours as hours from gateway.funnels`,
  )
  const events = await select<FunnelEvent>(
    db,
    `select user_id as user, name, ${ms('at')} as at from gateway.events where at >= $1::timestamptz and at < $2::timestamptz`,
    [iso(today - DAYS * DAY_MS), iso(today)],
  )
  const days = Array.from({ length: DAYS }, (_, index) => today - (index + 1) * DAY_MS)
  const results = funnels.flatMap(({ id, steps, hours }) =>
    days.flatMap((dayAt) => {
      const reached = computeFunnel(events, { steps, windowMs: hours * HOUR_MS, dayAt })
      const entered = reached[0] ?? 0
      return reached.map((users, index) => ({
        funnel: id,
        day: dayOf(dayAt),
        step: index,
        event: steps[index],
        users,
        rate: entered === 0 ? 0 : users / entered,
      }))
    }),
  )
  const written = await change(
    db,
    `insert into gateway.funnel_results as kept (funnel_id, day, step, event, users, rate)
     select funnel, day, step, event, users, rate
     from jsonb_to_recordset($1::jsonb) as r(funnel text, day date, step int, event text, users int, rate float8)
     on conflict (funnel_id, day, step) do update set event = excluded.event, users = excluded.users, rate = excluded.rate
     where (kept.event, kept.users, kept.rate) is distinct from (excluded.event, excluded.users, excluded.rate)
     returning step`,
    [JSON.stringify(results)],
  )
  return { written }
}
