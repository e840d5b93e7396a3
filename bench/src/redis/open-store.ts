/** Our store over either client. */
import { redisStore } from '@quarterjack/adapter-redis'
import type { Store } from '@quarterjack/core'
import { type ClientName, connectIoRedis, connectNodeRedis } from './clients.ts'

export interface OpenedStore {
  readonly store: Store
  /** Ends the client, after the store is closed. */
  end(): void
}

const PREFIX = 'bench'

export async function openStore(url: string, name: ClientName): Promise<OpenedStore> {
  if (name === 'redis') {
    const client = await connectNodeRedis(url)
    return { store: redisStore({ client, prefix: PREFIX }), end: () => client.destroy() }
  }
  const client = await connectIoRedis(url)
  return { store: redisStore({ client, prefix: PREFIX }), end: () => client.disconnect() }
}
