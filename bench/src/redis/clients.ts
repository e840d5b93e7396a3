/** Connections to Redis through either client, as those who care for speed set them up. */
import { Redis } from 'ioredis'
import { createClient } from 'redis'

/** By the name of the package. */
export type ClientName = 'redis' | 'ioredis'

/** Who is measured through ioredis as well; all others of ours use node-redis. */
const IOREDIS = '-ioredis'

export function clientOf(peer: string): ClientName {
  return peer.endsWith(IOREDIS) ? 'ioredis' : 'redis'
}

/** node-redis 6 otherwise arms a timer of 5 s for each command. */
export async function connectNodeRedis(url: string) {
  const client = createClient({
    url,
    // @ts-expect-error: its documentation asks for undefined, and its types only leave out the default
    commandOptions: { timeout: undefined },
  })
  client.on('error', (error) => console.error(error))
  await client.connect()
  return client
}

export async function connectIoRedis(url: string): Promise<Redis> {
  const client = new Redis(url, { maxRetriesPerRequest: null })
  client.on('error', (error) => console.error(error))
  await client.ping()
  return client
}
