/** A transaction whose statement is stopped at the server when a run is aborted: by its timeout, a cancel, a lost lease. */
import type { Connection, SqlClient } from '../client/sql-client.ts'

/** Commits what `work` did. Throws the signal's reason once it has aborted. */
export async function stoppable<T>(sql: SqlClient, signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  return sql.transaction(async (connection) => {
    const [row] = await connection.query('select pg_backend_pid()::text as backend')
    const backend = row?.[0] ?? ''
    // From a connection apart. A statement that has just ended is not there to be stopped, and nothing else runs on this backend yet.
    const stop = (): void => void sql.run({ sql: 'select pg_cancel_backend($1::int)', values: [backend] }).catch(() => undefined)
    signal.addEventListener('abort', stop, { once: true })
    try {
      signal.throwIfAborted()
      return await work(connection)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  })
}
