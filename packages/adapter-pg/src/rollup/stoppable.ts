/**
 * A transaction of our own on the user's database: READ COMMITTED, bounded by the server, and stopped there when a run is aborted, by its
 * timeout, a cancel, a lost lease.
 */
import type { Connection, SqlClient } from '../client/sql-client.ts'
import { whileWanted } from '../client/stop-statement.ts'

/** When it is to end. */
export interface Stoppable {
  readonly signal: AbortSignal
  /** How long it may take; null: as long as the longest. */
  readonly timeoutMs?: number | null | undefined
}

const LONGEST_MS = 600_000
/** What waits longer for another transaction fails, and is tried again. */
const LONGEST_LOCK_MS = 60_000
/** A process that freezes between two statements holds its locks for so long. */
const LONGEST_PAUSE_MS = 11_000
/** Who lives ends the transaction by itself, before the server does. */
const GRACE_MS = 1_000

const READ_COMMITTED = 'set transaction isolation level read committed'
/** Until the transaction ends. Limits that are shorter already stay. A setting is shown with its unit, as intervals are written. */
const LIMITS = `select pg_backend_pid()::text as backend, extract(epoch from now())::text as begun_at,
  (select string_agg(set_config(l.name, l.ms, true), ' ')
   from (values ('statement_timeout', $1), ('transaction_timeout', $1), ('lock_timeout', $2), ('idle_in_transaction_session_timeout', $3)) l(name, ms)
   where current_setting(l.name, true) = '0' or extract(epoch from nullif(current_setting(l.name, true), '0')::interval) * 1000 > l.ms::bigint) as set`

/** Commits what `work` did. Throws the signal's reason once it has aborted. */
export async function stoppable<T>(
  sql: SqlClient,
  { signal, timeoutMs }: Stoppable,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const withinMs = Math.min(timeoutMs ?? LONGEST_MS, LONGEST_MS) + GRACE_MS
  const limits = [withinMs, Math.min(withinMs, LONGEST_LOCK_MS), LONGEST_PAUSE_MS].map(String)
  return sql.transaction(async (connection) => {
    await connection.exec(READ_COMMITTED)
    const [row] = await connection.query(LIMITS, limits)
    const [backend, begunAt] = [row?.[0] ?? '', row?.[1] ?? '']
    try {
      return await whileWanted(sql.stop, { backend, begunAt, signal }, () => work(connection))
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  })
}
