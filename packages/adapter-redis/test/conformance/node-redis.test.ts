/** The suite on Redis by way of node-redis. */
import { createClient } from 'redis'
import { startRedis } from '../servers/redis.ts'
import { conform } from './conform.ts'

conform(async () => {
  const server = await startRedis()
  const client = createClient({ url: server.url })
  client.on('error', () => undefined)
  await client.connect()
  return {
    client,
    command: (...args) => client.sendCommand([...args]),
    async close() {
      client.destroy()
      await server.close()
    },
  }
})
