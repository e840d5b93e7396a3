/** Refreshes of one window take turns where no store holds it for them. */
import type { RefreshWindow } from '@quarterjack/core'
import type { Connection } from '../client/sql-client.ts'

/** In one order. */
const LOCK = `select count(pg_advisory_xact_lock(hashtextextended($1::text || '/' || o.start_ms, 0)))::text as locked
from (select u.start_ms from unnest($2::bigint[]) u(start_ms) order by 1 offset 0) o`

/** Until the transaction ends. What is read afterwards is newer than what any refresh before this one wrote. */
export async function lockWindows(connection: Connection, target: string, windows: readonly RefreshWindow[]): Promise<void> {
  await connection.query(LOCK, [`quarterjack-rollup/${target}`, `{${windows.map(({ start }) => start.getTime()).join(',')}}`])
}
