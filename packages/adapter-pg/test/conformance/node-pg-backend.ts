/** A database by way of `pg`: private servers, with or without something in between. */
import { Pool, type PoolClient } from 'pg'
import { pgStore } from '../../src/pg-store.ts'
import type { PoolSettings } from '../servers/database.ts'
import { SCHEMA, type Backend, type OpenTransaction } from './backend.ts'

/** One pool for all cases, so that sessions (and the plans of functions in them) are made once. `end` ends what is behind it. */
export function nodePgBackend(poolSettings: PoolSettings, end: () => Promise<void>): Backend {
  const pool = new Pool({ ...poolSettings, max: 10 })
  pool.on('error', () => undefined)
  const open = new Set<PoolClient>()

  const begin = async (): Promise<OpenTransaction> => {
    const client = await pool.connect()
    open.add(client)
    await client.query('begin')
    const end = async (how: 'commit' | 'rollback'): Promise<void> => {
      await client.query(how)
      open.delete(client)
      client.release()
    }
    return { tx: client, commit: () => end('commit'), rollback: () => end('rollback') }
  }

  const endCase = (): Promise<void> => {
    for (const client of open) client.release(true)
    open.clear()
    return Promise.resolve()
  }

  return {
    createStore: () => pgStore({ pool, schema: SCHEMA }),
    execute: async (sql) => void (await pool.query(sql)),
    query: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows,
    begin,
    endCase,
    async close(): Promise<void> {
      await endCase()
      await pool.end()
      await end()
    },
  }
}
