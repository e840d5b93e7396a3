/** The database: PostgreSQL where an address is given, otherwise PGlite inside this process. */
import { PGlite } from '@electric-sql/pglite'
import { type PgClientOptions, type PgStore, pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import type { Queries } from './queries.ts'
import { createTables } from './schema.ts'

/** The raw tables, and the scheduler's store and the figures in the same database. */
export interface Database extends Queries {
  readonly store: PgStore<Queries>
  /** For triggers and views, which are no business of the store. */
  readonly client: PgClientOptions
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
  const { client, end } = url === undefined ? await openPGlite(dataDir) : openServer(url)
  const store = pgStore<Queries>(client)
  await store.open()
  await store.transaction(createTables)
  return {
    store,
    client,
    query: store.query,
    transaction: store.transaction,
    async close() {
      await store.close()
      await end()
    },
  }
}

interface Opened {
  readonly client: PgClientOptions<Queries>
  end(): Promise<void>
}

async function openPGlite(dataDir: string | undefined): Promise<Opened> {
  const pglite = await (dataDir === undefined ? PGlite.create() : PGlite.create(dataDir))
  return { client: { pglite }, end: () => pglite.close() }
}

function openServer(connectionString: string): Opened {
  const pool = new Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000, keepAlive: true })
  return { client: { pool }, end: () => pool.end() }
}
