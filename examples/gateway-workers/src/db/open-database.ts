/** The database: PostgreSQL where an address is given, otherwise PGlite inside this process. */
import { PGlite } from '@electric-sql/pglite'
import { type PgStore, pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import type { Queries } from './queries.ts'
import { createTables } from './schema.ts'

/** The tables of the service, and the scheduler's store in the same database. */
export interface Database extends Queries {
  readonly store: PgStore<Queries>
  readonly transaction: PgStore<Queries>['transaction']
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Of a PostgreSQL server. Default: PGlite. */
  readonly url?: string | undefined
  /** Where PGlite keeps its files. Default: in memory only. */
  readonly dataDir?: string | undefined
}

/** Connects, and creates the tables that are missing. */
export async function openDatabase({ url, dataDir }: DatabaseOptions = {}): Promise<Database> {
  const { store, end } = url === undefined ? await openPGlite(dataDir) : openServer(url)
  await store.open()
  await store.transaction(createTables)
  return {
    store,
    query: store.query,
    transaction: store.transaction,
    async close() {
      await store.close()
      await end()
    },
  }
}

interface Opened {
  readonly store: PgStore<Queries>
  end(): Promise<void>
}

async function openPGlite(dataDir: string | undefined): Promise<Opened> {
  const pglite = await (dataDir === undefined ? PGlite.create() : PGlite.create(dataDir))
  return { store: pgStore({ pglite }), end: () => pglite.close() }
}

function openServer(connectionString: string): Opened {
  const pool = new Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000, keepAlive: true })
  return { store: pgStore({ pool }), end: () => pool.end() }
}
