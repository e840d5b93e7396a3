/** The suite on a cluster of three by way of node-redis. */
import { createCluster } from 'redis'
import { startCluster } from '../servers/cluster.ts'
import { conform } from './conform.ts'

conform(async () => {
  const cluster = await startCluster({ appendOnly: true })
  const client = createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) })
  client.on('error', () => undefined)
  await client.connect()
  return {
    client,
    // The key comes right after the name.
    command: (...args) => client.sendCommand(args[1], false, [...args]),
    async close() {
      client.destroy()
      await cluster.close()
    },
  }
})
