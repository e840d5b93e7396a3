/** The suite in the older protocol, by way of node-redis; the others speak RESP3, which both clients do by default. */
import { createClient } from 'redis'
import { startRedis } from '../servers/redis.ts'
import { conform } from './conform.ts'

conform(async () => {
  const server = await startRedis({ appendOnly: true })
  const client = createClient({ url: server.url, RESP: 2 })
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
