/** The target table of a rollup: made as the SELECT says, or compared with it. */
import { randomBytes } from 'node:crypto'
import { QuarterjackError } from '@quarterjack/core/store'
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import type { RollupPlan } from './sql-rollup.ts'
import { quoteTable } from './table-name.ts'

/** Columns of a table, in their order, with their types as SQL writes them. */
type Columns = ReadonlyMap<string, string>

/** `$1`: a table by its quoted name. */
const COLUMNS = `select a.attname::text, format_type(a.atttypid, null)
from pg_attribute a where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum`

/** The unique indexes of a table: their columns in order, and whether null is a value like others for them. */
const UNIQUE = `select (
    select json_agg(a.attname::text order by k.place)
    from unnest(i.indkey::int[]) with ordinality k(number, place) left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
  )::text, i.indnullsnotdistinct::text
from pg_index i
where i.indrelid = to_regclass($1) and i.indisunique and i.indpred is null and i.indexprs is null and i.indisvalid`

/**
 * Makes sure that the target exists and can take what the SELECT gives. Answers its columns beside the window and the keys.
 * Throws `InvalidOption` naming what does not fit; nothing that exists is changed.
 */
export async function prepareTarget(connection: Connection, plan: RollupPlan): Promise<readonly string[]> {
  const table = quoteTable(plan.target)
  const wanted = await describe(connection, plan)
  const found = await columnsOf(connection, table)
  const names = [plan.windowColumn, ...plan.keys]
  for (const name of names) {
    if (!wanted.has(name)) throw unfit(plan, `its select has no column "${name}"`, 'Name it in the select, or take it out of the key.')
  }
  if (found.size === 0) await create(connection, plan, [...wanted.keys()])
  else {
    compare(plan, wanted, found)
    await checkUnique(connection, plan, table)
  }
  return [...wanted.keys()].filter((name) => !names.includes(name))
}

/** Without windows the SELECT has no rows, but columns. */
function emptySelect({ select }: RollupPlan, columns: readonly string[] | null): string {
  const list = columns === null ? '*' : columns.map(quoteName).join(', ')
  const none = 'windows as (select null::timestamptz as window_start, null::timestamptz as window_end where false)'
  return `with ${none}, fresh as (\n${select}\n) select ${list} from fresh limit 0`
}

async function describe(connection: Connection, plan: RollupPlan): Promise<Columns> {
  const name = `qj_shape_${randomBytes(6).toString('hex')}`
  await connection.query(`create temporary table ${name} on commit drop as ${emptySelect(plan, null)}`)
  const columns = new Map(await columnsOf(connection, `pg_temp.${name}`))
  await connection.query(`drop table pg_temp.${name}`)
  if (plan.rowsColumn !== null) columns.delete(plan.rowsColumn)
  return columns
}

async function columnsOf(connection: Connection, table: string): Promise<Columns> {
  const rows = await connection.query(COLUMNS, [table])
  return new Map(rows.map(([name, type]) => [name as string, type as string]))
}

async function create(connection: Connection, plan: RollupPlan, columns: readonly string[]): Promise<void> {
  const table = quoteTable(plan.target)
  const keys = [plan.windowColumn, ...plan.keys].map(quoteName).join(', ')
  await connection.query(`create table ${table} as ${emptySelect(plan, columns)}`)
  await connection.query(`alter table ${table} alter column ${quoteName(plan.windowColumn)} set not null`)
  await connection.query(`create unique index on ${table} (${keys}) nulls not distinct`)
}

function compare(plan: RollupPlan, wanted: Columns, found: Columns): void {
  for (const [name, type] of wanted) {
    const present = found.get(name)
    if (present === undefined)
      throw unfit(plan, `it has no column "${name}"`, `Add it: alter table ${plan.target} add column "${name}" ${type}.`)
    if (present !== type && !isSafe(type, present)) {
      throw unfit(plan, `column "${name}" is ${present}, and ${type} is what comes`, `Change its type, or cast in the rollup.`)
    }
  }
}

/** Nothing is lost, and a value reads back equal. */
function isSafe(from: string, to: string): boolean {
  const wider: Readonly<Record<string, readonly string[]>> = {
    smallint: ['integer', 'bigint', 'numeric'],
    integer: ['bigint', 'numeric'],
    bigint: ['numeric'],
    // A sum of whole numbers is numeric.
    numeric: ['bigint'],
    real: ['double precision'],
    'character varying': ['text'],
    text: ['character varying'],
  }
  return wider[from]?.includes(to) === true
}

async function checkUnique(connection: Connection, plan: RollupPlan, table: string): Promise<void> {
  const wanted = [plan.windowColumn, ...plan.keys].toSorted().join(' ')
  const rows = await connection.query(UNIQUE, [table])
  const isThere = rows.some(([columns, takesNulls]) => {
    const names = JSON.parse(columns ?? '[]') as readonly string[]
    return names.toSorted().join(' ') === wanted && (takesNulls === 'true' || plan.keys.length === 0)
  })
  if (isThere) return
  const list = [plan.windowColumn, ...plan.keys].map(quoteName).join(', ')
  throw unfit(
    plan,
    'it has no unique index over its window and keys',
    `Create it: create unique index on ${table} (${list}) nulls not distinct.`,
  )
}

function unfit({ target }: RollupPlan, what: string, remedy: string): QuarterjackError {
  return new QuarterjackError('InvalidOption', `table ${target} cannot be the target of the rollup: ${what}. ${remedy}`)
}
