/** The database: PostgreSQL where an address is given, otherwise PGlite inside this process. */
import { PGlite } from '@electric-sql/pglite'
import { type PgClientOptions, type PgStore, pgStore } from '@quarterjack/adapter-pg'
import { Pool, type PoolClient } from 'pg'
import type { Queries } from './queries.ts'
import { createTables } from './schema.ts'

/** The raw tables, and the scheduler's store and the figures in the same database. */
export interface Database extends Queries {
  readonly store: PgStore<Queries>
  /** For triggers and views, which are no business of the store. */
  readonly client: PgClientOptions
  transaction<Result>(work: (tx: Queries) => Promise<Result>): Promise<Result>
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
  const database = url === undefined ? await openPGlite(dataDir) : openServer(url)
  await database.transaction(createTables)
  return database
}

async function openPGlite(dataDir: string | undefined): Promise<Database> {
  const pglite = await (dataDir === undefined ? PGlite.create() : PGlite.create(dataDir))
  const store = pgStore({ pglite })
  return {
    store,
    client: { pglite },
    query: (sql, values) => pglite.query(sql, values),
    transaction: (work) => pglite.transaction(work),
    async close() {
      await store.close()
      await pglite.close()
    },
  }
}

function openServer(connectionString: string): Database {
  const pool = new Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000, keepAlive: true })
  const store = pgStore({ pool })
  return {
    store,
    client: { pool },
    query: (sql, values) => pool.query(sql, values),
    async transaction(work) {
      const client = await pool.connect()
      try {
        return await commitOrRollBack(client, work)
      } finally {
        client.release()
      }
    },
    async close() {
      await store.close()
      await pool.end()
    },
  }
}

async function commitOrRollBack<Result>(client: PoolClient, work: (tx: Queries) => Promise<Result>): Promise<Result> {
  await client.query('begin')
  try {
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}
