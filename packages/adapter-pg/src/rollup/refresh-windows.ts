/** One refresh within a transaction: the target is there, the statement is run, and its answer is read. */
import type { CommittedRefresh, RefreshWindow } from '@quarterjack/core'
import type { Connection } from '../client/sql-client.ts'
import { refreshSql } from './refresh-sql.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { quoteTable } from '../client/table-name.ts'

/** What a refresh did to a window. `rows` of the source are null where nobody counts them. */
export interface RefreshedWindow {
  readonly start: number
  readonly rows: number | null
  readonly groups: number
  readonly written: number
  readonly deleted: number
  readonly isSuspect: boolean
}

/** A rollup whose target was looked at: `values` are its columns beside the window and the keys. */
export interface PreparedRollup {
  readonly plan: RollupPlan
  readonly values: readonly string[]
}

/**
 * Wrong guesses at how much there is, of many rows in few windows, would have the server compile what ends within milliseconds.
 * `$1`: the target, quoted.
 */
const BEGIN = `select set_config('jit', 'off', true) as jit,
  (select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass($1)::oid as identity`

/** Answers what tells the target from another one of that name: in another database, or made anew. Null: it is not there. */
export async function beginRefresh(connection: Connection, target: string): Promise<string | null> {
  const [row] = await connection.query(BEGIN, [quoteTable(target)])
  return row?.[1] ?? null
}

/** The transaction must be READ COMMITTED, and its caller holds the windows. */
export async function refreshWindows(
  connection: Connection,
  { plan, values }: PreparedRollup,
  windows: readonly RefreshWindow[],
): Promise<readonly RefreshedWindow[]> {
  const [row] = await connection.query(refreshSql(plan, values), arraysOf(windows))
  return readRefreshed(row?.[0] ?? '[]')
}

/** As a rollup answers the engine. */
export function toCommitted(refreshed: readonly RefreshedWindow[], target: string): CommittedRefresh {
  return {
    changed: refreshed.filter(({ written, deleted }) => written + deleted > 0).map(({ start }) => new Date(start)),
    suspect: refreshed
      .filter(({ isSuspect }) => isSuspect)
      .map(({ start }) => ({
        start: new Date(start),
        reason: `The source has no rows in this window, ${target} has, and no change says that they were taken away. They were left. If they are really gone, mark the window, and it is emptied.`,
      })),
  }
}

/** The parameters of a statement over windows. */
export function arraysOf(windows: readonly RefreshWindow[]): readonly string[] {
  const array = (of: (window: RefreshWindow) => number | boolean): string => `{${windows.map(of).join(',')}}`
  return [array(({ start }) => start.getTime()), array(({ end }) => end.getTime()), array(({ removed }) => removed)]
}

function readRefreshed(text: string): readonly RefreshedWindow[] {
  type Line = readonly [start: number, rows: number | null, groups: number, written: number, deleted: number, isSuspect: boolean]
  return (JSON.parse(text) as readonly Line[])
    .map(([start, rows, groups, written, deleted, isSuspect]) => ({ start, rows, groups, written, deleted, isSuspect }))
    .sort((a, b) => a.start - b.start)
}
