/** Totals of each table of figures, beside a recomputation from the raw rows with SQL of its own. */
import { iso, type Queries, select } from '../db/queries.ts'
import { startOfDay, startOfHour } from '../db/time.ts'

export interface Total {
  readonly table: string
  readonly what: string
  readonly rolledUp: string
  readonly raw: string
}

const runs = `count(*) filter (where span_type like '%_RUN')`
/** Windows are due this long after their end. */
const GRACE_MS = 5 * 60_000

/** Hours and days that are not over are no part of it, but for calculations. */
export async function recompute(db: Queries, now: number): Promise<readonly Total[]> {
  const [hour, day] = [startOfHour(now - GRACE_MS), startOfDay(now - GRACE_MS)]
  const spans = `from analytics.execution_spans where started_at < $1::timestamptz`
  const questions = [
    ['hourly_analytics', 'executions', hour, `sum(executions)`, `${runs} ${spans}`],
    ['hourly_analytics', 'tokens', hour, `sum(input_tokens + output_tokens)`, `sum(input_tokens + output_tokens) ${spans}`],
    ['daily_analytics', 'executions', day, `sum(executions)`, `${runs} ${spans}`],
    ['daily_analytics', 'cost in $', day, `sum(cost_usd)`, `sum(cost_usd) ${spans}`],
    ['model_usage_stats', 'calls', day, `sum(calls)`, `count(*) ${spans} and span_type = 'MODEL_GENERATION'`],
    ['calculation_stats_daily', 'calculations, today included', null, `sum(calculations)`, `count(*) from analytics.calculation_logs`],
  ] as const
  const totals: Total[] = []
  for (const [table, what, before, figure, truth] of questions) {
    const one = async (sql: string, values: readonly unknown[]): Promise<string> =>
      (await select<{ value: string }>(db, sql, values))[0]?.value ?? 'nothing'
    const rolledUp = await one(`select (${figure})::text as value from analytics.${table}`, [])
    const [first, ...rest] = truth.split(' from ')
    totals.push({
      table,
      what,
      rolledUp,
      raw: await one(`select (${first})::text as value from ${rest.join(' from ')}`, before === null ? [] : [iso(before)]),
    })
  }
  return totals
}
