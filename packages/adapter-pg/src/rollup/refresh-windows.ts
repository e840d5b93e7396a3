/** One refresh within a transaction: the target is there, the statement is run, and its answer is read. */
import type { CommittedRefresh, RefreshWindow } from '@quarterjack/core'
import type { Connection } from '../client/sql-client.ts'
import { refreshSql } from './refresh-sql.ts'
import type { RollupPlan } from './rollup-plan.ts'

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

/** What became of the windows, and which target they are in: see `target-identity.ts`. */
export interface Refreshed {
  readonly windows: readonly RefreshedWindow[]
  readonly identity: string | null
}

/**
 * The transaction must be READ COMMITTED, and its caller holds the windows. One round trip. {@link takeBack} undoes it, also where it failed;
 * the commit of the transaction is that of its savepoint, too.
 *
 * Wrong guesses at how much there is, of many rows in few windows, would have the server compile what ends within milliseconds.
 */
export async function refreshWindows(
  connection: Connection,
  { plan, values }: PreparedRollup,
  windows: readonly RefreshWindow[],
): Promise<Refreshed> {
  const [row] = await connection.exec(`set local jit = off; savepoint ${SAVEPOINT};
${refreshSql(plan, values, windows)}`)
  return { windows: readRefreshed(row?.[0] ?? '[]'), identity: row?.[1] ?? null }
}

const SAVEPOINT = 'quarterjack_refresh'

/** As if {@link refreshWindows} had not been called. */
export async function takeBack(connection: Connection): Promise<void> {
  await connection.exec(`rollback to savepoint ${SAVEPOINT}`)
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
