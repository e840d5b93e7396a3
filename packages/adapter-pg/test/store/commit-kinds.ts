/** A store of each client, with a table that handlers write to. */
import { PGlite, type Transaction } from '@electric-sql/pglite'
import { Pool, type PoolClient } from 'pg'
import postgres, { type TransactionSql } from 'postgres'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

/** What a handler writes with, whichever client it is. */
export type AnyClient = PoolClient | Transaction | TransactionSql

export interface CommitSite {
  readonly store: PgStore<AnyClient>
  /** Outside of any transaction. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  end(): Promise<unknown>
}

export const COMMIT_KINDS: Readonly<Record<string, (server: PostgresAccess) => Promise<CommitSite>>> = {
  async pg(server) {
    const database = await server.createDatabase()
    const pool = new Pool({ ...database.poolSettings, max: 3 })
    return {
      store: pgStore({ pool }) as PgStore<AnyClient>,
      query: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows,
      async end() {
        await pool.end()
        await database.drop()
      },
    }
  },
  async 'postgres.js'(server) {
    const database = await server.createDatabase()
    const sql = postgres(database.url, { max: 3, onnotice: () => undefined })
    return {
      store: pgStore({ sql }) as PgStore<AnyClient>,
      query: async (text) => [...(await sql.unsafe(text))],
      async end() {
        await sql.end()
        await database.drop()
      },
    }
  },
  async pglite() {
    const pglite = await PGlite.create()
    return {
      store: pgStore({ pglite }) as PgStore<AnyClient>,
      query: async (sql) => (await pglite.query<Record<string, unknown>>(sql)).rows,
      end: () => pglite.close(),
    }
  },
}

/** One statement within a handler's transaction. */
export async function say(client: AnyClient, sql: string): Promise<void> {
  if ('unsafe' in client) await client.unsafe(sql)
  else await (client as PoolClient).query(sql)
}

export const NOTES = `
  create table notes (note text primary key, other text);
  create table others (name text primary key);
  alter table notes add foreign key (other) references others deferrable initially deferred`

export const note = (client: AnyClient, text: string): Promise<void> => say(client, `insert into notes values ('${text}')`)
