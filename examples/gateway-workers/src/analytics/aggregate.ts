/** Counts of events and of those who caused them, by the hour and by the day. Written only where they differ. */
import { change, iso, type Queries } from '../db/queries.ts'
import { daysToCount, hoursToCount, type Span } from './windows.ts'

export interface Aggregated {
  /** Rows that are new or different. */
  readonly written: number
}

export async function aggregateHourly(db: Queries, at: number): Promise<Aggregated> {
  return aggregate(db, { table: 'analytics_hourly', column: 'hour', bucket: `date_trunc('hour', at, 'UTC')` }, hoursToCount(at))
}

export async function aggregateDaily(db: Queries, at: number): Promise<Aggregated> {
  return aggregate(db, { table: 'analytics_daily', column: 'day', bucket: `(at at time zone 'UTC')::date` }, daysToCount(at))
}

interface Grain {
  readonly table: string
  readonly column: string
  readonly bucket: string
}

async function aggregate(db: Queries, { table, column, bucket }: Grain, { from, to }: Span): Promise<Aggregated> {
  const written = await change(
    db,
    `insert into gateway.${table} as kept (${column}, event, count, users)
     select ${bucket}, name, count(*)::int, count(distinct user_id)::int
     from gateway.events where at >= $1::timestamptz and at < $2::timestamptz group by 1, 2
     on conflict (${column}, event) do update set count = excluded.count, users = excluded.users
     where (kept.count, kept.users) is distinct from (excluded.count, excluded.users)
     returning event`,
    [iso(from), iso(to)],
  )
  return { written }
}
