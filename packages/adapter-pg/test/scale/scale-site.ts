/** A database of its own, filled little by little. */
import { Pool } from 'pg'
import { pgStore } from '../../src/pg-store.ts'
import type { PoolSettings } from '../servers/database.ts'
import { startPostgres } from '../servers/postgres.ts'
import { fillSchedules, fillStatements } from './fill-tables.ts'
import { BUSY, joinStore } from './hot-verbs.ts'

/** Keys that have a schedule, and ten finished runs, each. */
export const FEW = 100
/** Enough to hurt, and too few for a session to be told that its plans are old. */
export const SOME = 3_000
/** With these, 1,000,000 finished runs and 100,000 schedules. */
export const MANY = 100_000

/** Housekeeping of the server never comes by itself. */
export interface ScaleSite extends AsyncDisposable {
  readonly poolSettings: PoolSettings
  /** Adds keys until there are so many. */
  fill(keys: number): Promise<void>
  /** What autovacuum would do. */
  vacuum(): Promise<void>
  /** As `select version()` says it: without the parts that are of no interest. */
  version(): Promise<string>
}

// One relation may be as large as this; a page that is looked at is in memory then, or it was never before.
const SETTINGS = { autovacuum: 'off', shared_buffers: '1GB', max_wal_size: '8GB' }

/** Starts a server. */
export async function createScaleSite(): Promise<ScaleSite> {
  const server = await startPostgres({ settings: SETTINGS })
  const { poolSettings } = await server.createDatabase()
  const pool = new Pool({ ...poolSettings, max: 1, options: '-c search_path=quarterjack' })
  const store = pgStore({ pool, hints: false })
  await store.open()
  await joinStore(store)
  let filled = 0
  return {
    poolSettings,
    async fill(keys) {
      await fillSchedules(store, { from: filled, to: keys, busy: BUSY })
      for (const statement of fillStatements(filled, keys)) await pool.query(statement)
      filled = keys
    },
    vacuum: async () => void (await pool.query('vacuum analyze')),
    version: async () =>
      `PostgreSQL ${(await pool.query<{ server_version: string }>('show server_version')).rows[0]?.server_version.split(' ')[0]}`,
    async [Symbol.asyncDispose]() {
      await store.close()
      await pool.end()
      await server.close()
    },
  }
}
