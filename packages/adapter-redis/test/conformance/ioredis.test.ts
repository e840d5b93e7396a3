/** The suite on Redis by way of ioredis. */
import { Redis } from 'ioredis'
import { startRedis } from '../servers/redis.ts'
import { conform } from './conform.ts'

conform(async () => {
  const server = await startRedis({ appendOnly: true })
  const client = new Redis(server.url)
  client.on('error', () => undefined)
  return {
    client,
    command: (name = '', ...args) => client.call(name, ...args),
    async close() {
      client.disconnect()
      await server.close()
    },
  }
})
