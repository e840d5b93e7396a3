/** Copies of a target's rows before a large backfill, and their way back. */
import { checkedOptions, QuarterjackError } from '@quarterjack/core/store'
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import * as z from 'zod/mini'
import type { RollupPlan } from './rollup-plan.ts'
import { quoteTable, tableName } from '../client/table-name.ts'
import { type PgAccess, withinClient } from './within-client.ts'

/** Windows that start in `[from, to)`. */
export interface TargetRange {
  readonly from: Date
  readonly to: Date
}

/** Where the rows are now. */
export interface TargetSnapshot {
  /** The dated table, in the target's schema: `calls_hourly_20260131_235959123`. It stays until it is dropped. */
  readonly table: string
  readonly rows: number
}

const rangeOptions = z
  .strictObject({ from: z.date(), to: z.date() })
  .check(z.refine(({ from, to }) => from < to, 'the range is empty. Let "to" come after "from".'))

/**
 * Copies the rows of a rollup's target (of {@link sqlRollup}) in a range of windows into a new table, named after the target and
 * the database's time. Throws `InvalidOption` when the target is not there.
 */
export async function snapshotTarget(
  access: PgAccess,
  { plan }: { readonly plan: RollupPlan },
  range: TargetRange,
): Promise<TargetSnapshot> {
  const checked = checkedOptions(rangeOptions, range, { what: 'snapshotTarget' })
  return withinClient(access, 'snapshotTarget', (connection) => snapshotWithin(connection, plan, checked))
}

/** The same on a connection. */
export async function snapshotWithin(connection: Connection, plan: RollupPlan, { from, to }: TargetRange): Promise<TargetSnapshot> {
  const table = await datedName(connection, plan)
  const note = JSON.stringify({ quarterjack: 'snapshot', target: plan.target, from: from.toISOString(), to: to.toISOString() })
  await connection.query(`create table ${quoteTable(table)} as select * from ${quoteTable(plan.target)} t where ${inRange(plan, from, to)}`)
  await connection.query(`comment on table ${quoteTable(table)} is '${note}'`)
  const [counted] = await connection.query(`select count(*)::text as n from ${quoteTable(table)}`)
  return { table, rows: Number(counted?.[0]) }
}

/**
 * Puts the rows of a snapshot back: whatever the target has in the snapshot's range is replaced by them, in one transaction. The
 * snapshot stays. Windows that are dirty, or become so, are refreshed afterwards as ever. Throws `InvalidOption` for a table that is
 * no snapshot of this target.
 */
export async function restoreTarget(
  access: PgAccess,
  { plan }: { readonly plan: RollupPlan },
  table: string,
): Promise<{ readonly rows: number }> {
  const { rows } = await withinClient(access, 'restoreTarget', (connection) => restoreWithin(connection, plan, table))
  return { rows }
}

/** The same on a connection; tells the range, too. */
export async function restoreWithin(
  connection: Connection,
  plan: RollupPlan,
  table: string,
): Promise<TargetRange & { readonly rows: number }> {
  const name = checkedOptions(tableName, table, { what: 'restoreTarget' })
  const range = await rangeOf(connection, plan, name)
  const target = quoteTable(plan.target)
  const columns = await sharedColumns(connection, plan.target, name)
  // A refresh that wrote between the two statements would be in the way of the second.
  await connection.query(`lock table ${target} in share row exclusive mode`)
  await connection.query(`delete from ${target} t where ${inRange(plan, range.from, range.to)}`)
  const list = columns.map(quoteName).join(', ')
  const [counted] = await connection.query(
    `with back as (insert into ${target} (${list}) select ${list} from ${quoteTable(name)} returning 1) select count(*)::text as n from back`,
  )
  return { ...range, rows: Number(counted?.[0]) }
}

function inRange({ windowColumn }: RollupPlan, from: Date, to: Date): string {
  return `t.${quoteName(windowColumn)} >= timestamptz '${from.toISOString()}' and t.${quoteName(windowColumn)} < timestamptz '${to.toISOString()}'`
}

/** A name has at most 63 characters. */
async function datedName(connection: Connection, { target }: RollupPlan): Promise<string> {
  const [row] = await connection.query(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD_HH24MISSMS') as stamp, to_regclass($1)::text as target`,
    [quoteTable(target)],
  )
  if (row?.[1] == null)
    throw new QuarterjackError('InvalidOption', `snapshotTarget: there is no table ${target}. Nothing needs to be kept.`)
  const parts = target.split('.')
  const own = `${(parts.at(-1) ?? '').slice(0, 44)}_${row[0]}`
  return [...parts.slice(0, -1), own].join('.')
}

async function rangeOf(connection: Connection, { target }: RollupPlan, table: string): Promise<TargetRange> {
  const [row] = await connection.query(`select obj_description(to_regclass($1), 'pg_class') as note`, [quoteTable(table)])
  const note = readNote(row?.[0] ?? null)
  if (note?.target === target) return { from: new Date(note.from), to: new Date(note.to) }
  const found = note === null ? 'is no snapshot' : `is a snapshot of ${note.target}`
  throw new QuarterjackError(
    'InvalidOption',
    `restoreTarget: table ${table} ${found}, and ${target} was to be restored. Give the table that snapshotTarget named.`,
  )
}

function readNote(text: string | null): { readonly target: string; readonly from: string; readonly to: string } | null {
  try {
    const note: unknown = JSON.parse(text ?? 'null')
    const isNote = typeof note === 'object' && note !== null && 'quarterjack' in note && note.quarterjack === 'snapshot'
    return isNote ? (note as unknown as { target: string; from: string; to: string }) : null
  } catch {
    return null
  }
}

/** A column that the target got since has its default; one that it lost is left behind. */
async function sharedColumns(connection: Connection, target: string, table: string): Promise<readonly string[]> {
  const rows = await connection.query(
    `select a.attname::text as name from pg_attribute a join pg_attribute b on b.attrelid = to_regclass($2) and b.attname = a.attname
     where a.attrelid = to_regclass($1) and a.attnum > 0 and b.attnum > 0 and not a.attisdropped and not b.attisdropped and a.attgenerated = ''
     order by a.attnum`,
    [quoteTable(target), quoteTable(table)],
  )
  return rows.map(([name]) => name as string)
}
