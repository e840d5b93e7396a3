/** The Postgres of plain tests: the one that DATABASE_URL names, else a private one. */
import { createDatabaseAt, poolSettingsOf } from './database.ts'
import { startPostgres, type PostgresAccess } from './postgres.ts'

/** For tests that need databases, and do not need to stop, kill or freeze the server. */
export async function obtainPostgres(): Promise<PostgresAccess> {
  const url = process.env.DATABASE_URL
  if (url === undefined || url === '') return startPostgres()
  const close = (): Promise<void> => Promise.resolve()
  return { url, poolSettings: poolSettingsOf(url), createDatabase: () => createDatabaseAt(url), close, [Symbol.asyncDispose]: close }
}
