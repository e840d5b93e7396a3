/** The figures of the page: each series as its rollup has it, and counted anew from the raw rows. */
import { iso, ms, type Queries, select } from '../db/queries.ts'
import { DAY_MS, HOUR_MS, startOfDay, startOfHour } from '../db/time.ts'

export interface Point {
  /** Start of the window, epoch ms; or a name. */
  readonly x: number | string
  readonly rolledUp: number
  readonly raw: number
}

export interface Plot {
  readonly title: string
  readonly unit: string
  readonly points: readonly Point[]
}

const isRun = `span_type in ('WORKFLOW_RUN', 'AGENT_RUN')`
const HOURS = 48
const DAYS = 14

/** Windows that are not due yet show their raw rows alone. */
export async function readPlots(db: Queries, now: number): Promise<readonly Plot[]> {
  const firstHour = startOfHour(now) - (HOURS - 1) * HOUR_MS
  const firstDay = startOfDay(now) - (DAYS - 1) * DAY_MS
  const truncated = (unit: string, column: string): string => ms(`date_trunc('${unit}', ${column}, 'UTC')`)
  const spans = `analytics.execution_spans where started_at >= $1::timestamptz`
  const hourly = await both(db, firstHour, {
    rolledUp: `select ${ms('window_start')} as x, sum(executions)::float8 as y from analytics.hourly_analytics where window_start >= $1::timestamptz group by 1`,
    raw: `select ${truncated('hour', 'started_at')} as x, (count(*) filter (where ${isRun}))::float8 as y from ${spans} group by 1`,
  })
  const daily = await both(db, firstDay, {
    rolledUp: `select ${ms('window_start')} as x, sum(cost_usd)::float8 as y from analytics.daily_analytics where window_start >= $1::timestamptz group by 1`,
    raw: `select ${truncated('day', 'started_at')} as x, sum(cost_usd)::float8 as y from ${spans} group by 1`,
  })
  const models = await both(db, firstDay, {
    rolledUp: `select model as x, sum(calls)::float8 as y from analytics.model_usage_stats where window_start >= $1::timestamptz group by 1`,
    raw: `select model as x, count(*)::float8 as y from ${spans} and span_type = 'MODEL_GENERATION' group by 1`,
  })
  const calculations = await both(db, firstDay, {
    rolledUp: `select ${ms('window_start')} as x, sum(calculations)::float8 as y from analytics.calculation_stats_daily where window_start >= $1::timestamptz group by 1`,
    raw: `select ${truncated('day', 'created_at')} as x, count(*)::float8 as y from analytics.calculation_logs where created_at >= $1::timestamptz group by 1`,
  })
  const steps = (from: number, count: number, step: number): readonly number[] => Array.from({ length: count }, (_, n) => from + n * step)
  return [
    { title: 'Calculations per day, today included', unit: '', points: calculations(steps(firstDay, DAYS, DAY_MS)) },
    { title: 'Executions per hour', unit: '', points: hourly(steps(firstHour, HOURS, HOUR_MS)) },
    { title: 'Cost per day', unit: '$', points: daily(steps(firstDay, DAYS, DAY_MS)) },
    { title: 'Calls by model, 14 days', unit: '', points: models(null) },
  ]
}

interface Statements {
  readonly rolledUp: string
  readonly raw: string
}

type Series = ReadonlyMap<number | string, number>

/** Answers the points at given places, or at all that there are. */
async function both(
  db: Queries,
  from: number,
  { rolledUp, raw }: Statements,
): Promise<(places: readonly (number | string)[] | null) => readonly Point[]> {
  const figures = await series(db, rolledUp, from)
  const truth = await series(db, raw, from)
  return (places) =>
    (places ?? [...new Set([...figures.keys(), ...truth.keys()])].toSorted()).map((x) => ({
      x,
      rolledUp: figures.get(x) ?? 0,
      raw: truth.get(x) ?? 0,
    }))
}

async function series(db: Queries, sql: string, from: number): Promise<Series> {
  // Before the first refresh its table is not there.
  const [, table = ''] = /from (\S+)/.exec(sql.replace(/\(.*?from.*?\)/g, '')) ?? []
  const [{ isThere } = { isThere: false }] = await select<{ isThere: boolean }>(db, `select to_regclass($1) is not null as "isThere"`, [
    table,
  ])
  if (!isThere) return new Map()
  return new Map((await select<{ x: number | string; y: number }>(db, sql, [iso(from)])).map(({ x, y }) => [x, y]))
}
