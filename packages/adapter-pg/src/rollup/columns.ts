/** Columns of tables, and of a rollup's SELECT. */
import { randomBytes } from 'node:crypto'
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import type { RollupPlan } from './rollup-plan.ts'

/** Columns of a table, in their order, with their types as SQL writes them. */
export type Columns = ReadonlyMap<string, string>

/** `$1`: a table by its quoted name. */
const COLUMNS = `select a.attname::text as name, format_type(a.atttypid, null) as type
from pg_attribute a where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum`

/** Without windows the SELECT of a rollup has no rows, but columns: all of them, or those named. */
export function emptySelect({ select }: RollupPlan, columns: readonly string[] | null): string {
  const list = columns === null ? '*' : columns.map(quoteName).join(', ')
  return `with ${NO_WINDOWS}, fresh as (\n${select}\n) select ${list} from fresh limit 0`
}

const NO_WINDOWS = 'windows as (select null::timestamptz as window_start, null::timestamptz as window_end where false)'

/**
 * The names of the columns of the SELECT that are kept, where nothing may be written: a read-only transaction makes no table to look
 * at, but tells how it would read one.
 */
export async function namesOfSelect(connection: Connection, { select, rowsColumn }: RollupPlan): Promise<readonly string[]> {
  const [row] = await connection.query(
    `explain (verbose, costs off, format json) with ${NO_WINDOWS}, fresh as materialized (\n${select}\n) select * from fresh`,
  )
  // The only column that is no text: some clients parse it.
  const told: unknown = row?.[0]
  const [{ Plan }] = (typeof told === 'string' ? JSON.parse(told) : told) as [{ readonly Plan: { readonly Output: readonly string[] } }]
  return Plan.Output.map(nameOf).filter((name) => name !== rowsColumn)
}

/** `fresh.calls`, `fresh."Model"`. */
function nameOf(output: string): string {
  const name = output.slice('fresh.'.length)
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}

/** The columns of the SELECT of a rollup that are kept. */
export async function describeSelect(connection: Connection, plan: RollupPlan): Promise<Columns> {
  const name = `qj_shape_${randomBytes(6).toString('hex')}`
  await connection.query(`create temporary table ${name} on commit drop as ${emptySelect(plan, null)}`)
  const columns = new Map(await columnsOf(connection, `pg_temp.${name}`))
  await connection.query(`drop table pg_temp.${name}`)
  if (plan.rowsColumn !== null) columns.delete(plan.rowsColumn)
  return columns
}

/** The columns of a table, by its quoted name; none where it is not there. */
export async function columnsOf(connection: Connection, table: string): Promise<Columns> {
  const rows = await connection.query(COLUMNS, [table])
  return new Map(rows.map(([name, type]) => [name as string, type as string]))
}
