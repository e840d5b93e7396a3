/** Where the record is kept: in this process, or in the Postgres or Redis that replicas share. */
import { memoryStore } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import type { Config } from './config.ts'

/** A store, and what it stands on. */
export interface OpenStore {
  readonly store: Store
  close(): Promise<void>
}

/** Connects. Clients are loaded only where they are used. */
export async function openStore({ databaseUrl, redisUrl }: Pick<Config, 'databaseUrl' | 'redisUrl'>): Promise<OpenStore> {
  if (databaseUrl !== undefined) return openPostgres(databaseUrl)
  if (redisUrl !== undefined) return openRedis(redisUrl)
  return { store: memoryStore(), close: () => Promise.resolve() }
}

async function openPostgres(connectionString: string): Promise<OpenStore> {
  const [{ Pool }, { pgStore }] = await Promise.all([import('pg'), import('@quarterjack/adapter-pg')])
  const pool = new Pool({ connectionString, connectionTimeoutMillis: 5_000, keepAlive: true })
  const store = pgStore({ pool })
  return {
    store,
    async close() {
      await store.close()
      await pool.end()
    },
  }
}

async function openRedis(url: string): Promise<OpenStore> {
  const [{ createClient }, { redisStore }] = await Promise.all([import('redis'), import('@quarterjack/adapter-redis')])
  const client = createClient({ url })
  // It connects again by itself; without a listener, a connection that breaks would end the process.
  client.on('error', () => {})
  await client.connect()
  const store = redisStore({ client })
  return {
    store,
    async close() {
      await store.close()
      client.destroy()
    },
  }
}
