/** What the tables of figures do hold, in the form of `recount.ts`. */
import { type Queries, select } from '../../src/db/queries.ts'
import type { Figures } from './recount.ts'

const start = `to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')`
const tokens = `coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(cost_usd, 0) * 1000000`
const durations = (name: string): string => `coalesce(${name}__sum, 0), ${name}__count`

export async function storedSpans(db: Queries, table: 'hourly_analytics' | 'daily_analytics'): Promise<Figures> {
  return read(
    db,
    table,
    `concat_ws(' ', ${start}, user_id, entity_type, entity_id)`,
    `executions, failures, ${tokens}, ${durations('duration_ms')}`,
  )
}

export async function storedModels(db: Queries): Promise<Figures> {
  return read(
    db,
    'model_usage_stats',
    `concat_ws(' ', ${start}, provider, model)`,
    `calls, failures, ${tokens}, ${durations('duration_ms')}`,
  )
}

export async function storedCalculations(db: Queries): Promise<Figures> {
  const columns = `calculations, cache_hits, failures, ${durations('response_time_ms')}`
  return read(db, 'calculation_stats_daily', `concat_ws(' ', ${start}, publisher_id, source)`, columns)
}

async function read(db: Queries, table: string, key: string, columns: string): Promise<Figures> {
  const rows = await select<{ key: string; sums: number[] }>(
    db,
    `select ${key} as key, array[${columns}]::float8[] as sums from analytics.${table}`,
  )
  return Object.fromEntries(rows.map(({ key: of, sums }) => [of, sums]))
}
