/** The target table of a rollup: made as the SELECT says, or compared with it. */
import { QuarterjackError } from '@quarterjack/core/store'
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import { type Columns, columnsOf, describeSelect, emptySelect } from './columns.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { quoteTable } from '../client/table-name.ts'

/** Whoever makes a target is alone with its name until the transaction ends. */
const ALONE = `select pg_advisory_xact_lock(hashtextextended('quarterjack-target/' || $1::text, 0))::text as locked`

/** The unique indexes of a table: their columns in order, and whether null is a value like others for them. */
const UNIQUE = `select (
    select json_agg(a.attname::text order by k.place)
    from unnest(i.indkey::int[]) with ordinality k(number, place) left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
  )::text as columns, i.indnullsnotdistinct::text as takes_nulls
from pg_index i
where i.indrelid = to_regclass($1) and i.indisunique and i.indpred is null and i.indexprs is null and i.indisvalid`

/**
 * Makes sure that the target exists and can take what the SELECT gives. Answers its columns beside the window and the keys.
 * Throws `InvalidOption` naming what does not fit; nothing that exists is changed.
 */
export async function prepareTarget(connection: Connection, plan: RollupPlan): Promise<readonly string[]> {
  const table = quoteTable(plan.target)
  const wanted = await describeSelect(connection, plan).catch((error: unknown) => refusedByServer(plan, error))
  let found = await columnsOf(connection, table)
  if (found.size === 0) {
    await connection.query(ALONE, [table])
    found = await columnsOf(connection, table)
  }
  const names = [plan.windowColumn, ...plan.keys]
  for (const name of names) {
    if (!wanted.has(name)) throw unfit(plan, `its select has no column "${name}"`, 'Name it in the select, or take it out of the key.')
  }
  for (const [name, type] of wanted) {
    if (type === 'json' || type === 'xml') throw unfit(plan, `column "${name}" is ${type}, whose values cannot be compared`, CAST[type])
  }
  if (found.size === 0) await create(connection, plan, [...wanted.keys()]).catch((error: unknown) => refusedByServer(plan, error))
  else {
    compare(plan, wanted, found)
    await checkUnique(connection, plan, table)
  }
  return [...wanted.keys()].filter((name) => !names.includes(name))
}

const CAST = { json: 'Cast it to jsonb in the rollup.', xml: 'Cast it to text in the rollup.' } as const

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

/** What the server does not accept is the user's SQL, or the user's privileges. */
export function refusedByServer({ target }: RollupPlan, error: unknown): never {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string' || !/^(?:42|3F|22|0A)/.test(code)) throw error
  throw new QuarterjackError(
    'InvalidOption',
    `the rollup into ${target} is refused by the server: ${String(message)} (${code}). Compare its source, columns and expressions with the database, and the user's privileges.`,
    { cause: error },
  )
}

function unfit({ target }: RollupPlan, what: string, remedy: string): QuarterjackError {
  return new QuarterjackError('InvalidOption', `table ${target} cannot be the target of the rollup: ${what}. ${remedy}`)
}
