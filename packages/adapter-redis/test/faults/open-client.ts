/** The client of a service, as the documents of either library make it. */
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { RedisStoreClient } from '../../src/index.ts'

export type ClientKind = 'node-redis' | 'ioredis'

/** A client, and its end. */
export interface OpenedClient {
  readonly client: RedisStoreClient
  end(): void
}

/** `name` is what a person sees in CLIENT LIST. */
export async function openClient(kind: ClientKind, url: string, name: string): Promise<OpenedClient> {
  if (kind === 'ioredis') {
    const client = new Redis(url, { connectionName: name })
    client.on('error', () => undefined)
    return { client, end: () => client.disconnect() }
  }
  const client = createClient({ url, name })
  client.on('error', () => undefined)
  await client.connect()
  return { client, end: () => client.destroy() }
}
