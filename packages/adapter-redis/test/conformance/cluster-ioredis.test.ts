/** The suite on a cluster of three by way of ioredis. */
import { Cluster } from 'ioredis'
import { startCluster } from '../servers/cluster.ts'
import { conform } from './conform.ts'

conform(async () => {
  const cluster = await startCluster({ appendOnly: true })
  const client = new Cluster(cluster.nodes.map(({ host, port }) => ({ host, port })))
  client.on('error', () => undefined)
  return {
    client,
    command: (name = '', ...args) => client.call(name, ...args),
    async close() {
      client.disconnect()
      await cluster.close()
    },
  }
})
