/** Refreshes the target of a rollup for windows of whole hours or days, and recomputes it from scratch to compare. */
import type { Pool, PoolClient } from 'pg'
import type { Connection, Row } from '../../src/client/sql-client.ts'
import { freshSql, refreshSql } from '../../src/rollup/refresh-sql.ts'
import type { SqlRollup } from '../../src/rollup/sql-rollup.ts'
import { prepareTarget } from '../../src/rollup/target.ts'

export const HOUR = 3_600_000
export const START = Date.UTC(2026, 0, 1)

/** Starts and ends, in epoch ms. */
export type Windows = readonly (readonly [start: number, end: number])[]

export function hours(...numbers: readonly number[]): Windows {
  return numbers.map((number) => [START + number * HOUR, START + (number + 1) * HOUR])
}

/** What a refresh did to a window. */
export interface Refreshed {
  readonly start: number
  readonly rows: number | null
  readonly groups: number
  readonly written: number
  readonly deleted: number
}

/** A client of `pg` as statements of ours see one. */
function connectionOf(client: PoolClient): Connection {
  return {
    query: async (text, values = []) => (await client.query({ text, values: [...values], rowMode: 'array', types: TEXT })).rows as Row[],
    exec: async (text) => void (await client.query(text)),
  }
}
const TEXT = { getTypeParser: () => (value: string) => value }

/** Makes the target, and answers its value columns. */
export async function prepare(pool: Pool, { plan }: SqlRollup): Promise<readonly string[]> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const columns = await prepareTarget(connectionOf(client), plan)
    await client.query('commit')
    return columns
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

export async function refresh(pool: Pool, { plan }: SqlRollup, values: readonly string[], windows: Windows): Promise<readonly Refreshed[]> {
  const { rows } = await pool.query({ text: refreshSql(plan, values), values: arraysOf(windows), rowMode: 'array' })
  return (rows as string[][]).map(([start, count, groups, written, deleted]) => ({
    start: Number(start),
    rows: count === '' ? null : Number(count),
    groups: Number(groups),
    written: Number(written),
    deleted: Number(deleted),
  }))
}

/** The target, and what it ought to be over those windows: rows as text, in order. */
export async function compared(
  pool: Pool,
  { plan }: SqlRollup,
  values: readonly string[],
  windows: Windows,
): Promise<{ readonly target: readonly string[]; readonly truth: readonly string[] }> {
  const columns = [plan.windowColumn, ...plan.keys, ...values].map((name) => `x."${name}"`).join(', ')
  const target = await pool.query(`select row(${columns})::text as one from "${plan.target}" x order by 1`)
  const truth = await pool.query(`select row(${columns})::text as one from (${freshSql(plan)}) x order by 1`, arraysOf(windows))
  return { target: target.rows.map(({ one }) => one as string), truth: truth.rows.map(({ one }) => one as string) }
}

function arraysOf(windows: Windows): string[] {
  return [0, 1].map((edge) => `{${windows.map((window) => window[edge as 0 | 1]).join(',')}}`)
}
