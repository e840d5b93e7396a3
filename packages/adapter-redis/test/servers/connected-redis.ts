/** A private Redis that keeps a log, and one node-redis client of it. */
import { createClient } from 'redis'
import { startRedis } from './redis.ts'

const connect = (url: string) => createClient({ url })

export interface ConnectedRedis {
  readonly client: ReturnType<typeof connect>
  /** Ends both. */
  close(): Promise<void>
}

export async function startConnectedRedis(): Promise<ConnectedRedis> {
  const server = await startRedis({ appendOnly: true, config: ['appendfsync no'] })
  const client = connect(server.url)
  client.on('error', () => undefined)
  await client.connect()
  return {
    client,
    async close() {
      client.destroy()
      await server.close()
    },
  }
}
