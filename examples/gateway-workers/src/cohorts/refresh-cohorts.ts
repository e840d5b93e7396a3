/** Weekly: retention of the cohorts of the last eight weeks. */
import { change, iso, ms, type Queries, select } from '../db/queries.ts'
import { dayOf, startOfWeek, WEEK_MS } from '../db/time.ts'
import { computeCohorts, type Joined } from './compute-cohorts.ts'

const WEEKS = 8

export async function refreshCohorts(db: Queries, at: number): Promise<{ readonly written: number }> {
  const to = startOfWeek(at)
  const span = [iso(to - WEEKS * WEEK_MS), iso(to)]
  const joined = await select<Joined>(
    db,
    `select id as user, ${ms('created_at')} as at from gateway.users
     where created_at >= $1::timestamptz and created_at < $2::timestamptz`,
    span,
  )
  const activity = await select<Joined>(
    db,
    `select distinct user_id as user, ${ms(`date_trunc('day', at, 'UTC')`)} as at
     from gateway.events where at >= $1::timestamptz and at < $2::timestamptz`,
    span,
  )
  const rows = computeCohorts(joined, activity, { at, weeks: WEEKS }).map(({ cohortAt, week, size, active }) => ({
    cohort: dayOf(cohortAt),
    week,
    size,
    active,
    rate: size === 0 ? 0 : active / size,
  }))
  const written = await change(
    db,
    `insert into gateway.cohort_retention as kept (cohort, week, size, active, rate)
     select cohort, week, size, active, rate
     from jsonb_to_recordset($1::jsonb) as r(cohort date, week int, size int, active int, rate float8)
     on conflict (cohort, week) do update set size = excluded.size, active = excluded.active, rate = excluded.rate
     where (kept.size, kept.active, kept.rate) is distinct from (excluded.size, excluded.active, excluded.rate)
     returning week`,
    [JSON.stringify(rows)],
  )
  return { written }
}
