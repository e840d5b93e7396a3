/** Refreshes the target of a rollup for windows of whole hours or days, and recomputes it from scratch to compare. */
import type { RefreshWindow } from '@quarterjack/core'
import type { Pool } from 'pg'
import { createNodePgClient } from '../../src/client/node-pg.ts'
import { arraysOf, type RefreshedWindow, refreshWindows } from '../../src/rollup/refresh-windows.ts'
import type { RollupPlan } from '../../src/rollup/rollup-plan.ts'
import { prepareTarget } from '../../src/rollup/target.ts'
import { bothSql } from '../../src/rollup/window-relations.ts'

interface Planned {
  readonly plan: RollupPlan
}

export const HOUR = 3_600_000
export const START = Date.UTC(2026, 0, 1)

/** Starts and ends, in epoch ms. */
export type Windows = readonly (readonly [start: number, end: number])[]

export function hours(...numbers: readonly number[]): Windows {
  return numbers.map((number) => [START + number * HOUR, START + (number + 1) * HOUR])
}

/** Makes the target, and answers its value columns. */
export function prepare(pool: Pool, { plan }: Planned): Promise<readonly string[]> {
  return createNodePgClient(pool).transaction((connection) => prepareTarget(connection, plan))
}

export async function refresh(
  pool: Pool,
  { plan }: Planned,
  values: readonly string[],
  windows: Windows,
  removed = true,
): Promise<readonly RefreshedWindow[]> {
  return createNodePgClient(pool).transaction(
    async (connection) => (await refreshWindows(connection, { plan, values }, windowsOf(windows, removed))).windows,
  )
}

/** As a refresh is asked for them. */
export function windowsOf(windows: Windows, removed = true): readonly RefreshWindow[] {
  return windows.map(([start, end]) => ({ start: new Date(start), end: new Date(end), removed }))
}

/** The target, and what it ought to be over those windows: rows as text, in order. */
export async function compared(
  pool: Pool,
  { plan }: Planned,
  values: readonly string[],
  windows: Windows,
): Promise<{ readonly target: readonly string[]; readonly truth: readonly string[] }> {
  const columns = [plan.windowColumn, ...plan.keys, ...values].map((name) => `x."${name}"`).join(', ')
  const target = await pool.query(`select row(${columns})::text as one from "${plan.target}" x order by 1`)
  const sql = `${bothSql(plan, values)} select row(${columns})::text as one from fresh x order by 1`
  const truth = await pool.query(sql, [...arraysOf(windowsOf(windows))])
  return { target: target.rows.map(({ one }) => one as string), truth: truth.rows.map(({ one }) => one as string) }
}
