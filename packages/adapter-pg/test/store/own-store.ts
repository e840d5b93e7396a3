/** A store on a database of its own, opened; what comes to be is looked for, so it needs no hints. */
import { Pool, type PoolClient, type PoolConfig } from 'pg'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { PoolSettings } from '../servers/database.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

export interface OwnStore {
  readonly store: PgStore<PoolClient>
  readonly pool: Pool
  /** For sessions of other kinds on the same database. */
  readonly poolSettings: PoolSettings
  /** Ends both, and drops the database. */
  close(): Promise<void>
}

export async function openOwnStore(server: PostgresAccess, options: PoolConfig = { max: 4 }): Promise<OwnStore> {
  const database = await server.createDatabase()
  const pool = new Pool({ ...database.poolSettings, ...options })
  const store = pgStore({ pool, hints: false })
  await store.open()
  return {
    store,
    pool,
    poolSettings: database.poolSettings,
    async close() {
      await store.close()
      await pool.end()
      await database.drop()
    },
  }
}
