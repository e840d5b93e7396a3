/**
 * The seam of `redis` (node-redis). Calls go out with options of our own: texts as strings whatever the user's type mapping
 * says, and without the time limit of node-redis, which bounds only what was not sent yet and costs half of the throughput.
 */
import { connectionOf, type ConnectionState, NoConnection } from './connection.ts'
import { createClient, type ScriptCall, type Seam } from './create-client.ts'
import { slotOf } from './hash-slot.ts'
import type {
  AnyNodeRedis,
  NodeRedisBase,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  NodeRedisSentinel,
  NodeRedisSingle,
} from './node-redis-shape.ts'
import { subscribeBySentinel, subscribeOn } from './node-redis-subscribe.ts'
import type { RedisClient } from './redis-client.ts'

/** Of one client. `key` is one of the store's: on a cluster it says which node holds them all. */
export function createNodeRedisClient({ form, client }: AnyNodeRedis, key: string, callMs?: number): RedisClient {
  switch (form) {
    case 'client':
      return createClient(seamOfSingle(client), callMs)
    case 'cluster':
      return createClient(seamOfCluster(client, key), callMs)
    case 'sentinel':
      return createClient(seamOfSentinel(client), callMs)
    case 'pool':
      return createClient(seamOfPool(client), callMs)
  }
}

const COMMAND_OPTIONS = { typeMapping: {}, timeout: undefined, abortSignal: undefined, asap: false }

function seamOfSingle(client: NodeRedisSingle): Seam {
  const own = ownOptions(client)
  const connection = connectionOfSingle(client)
  return {
    kind: 'node-redis',
    ready: () => connection.ready(),
    eval: (call) => evalBy(own, call),
    command: (args) => client.sendCommand(args, COMMAND_OPTIONS),
    subscribe: (channel, listener) => subscribeOn(client, channel, listener),
  }
}

function seamOfCluster(cluster: NodeRedisCluster, key: string): Seam {
  const own = ownOptions(cluster)
  const slot = slotOf(key)
  // Nodes are looked at one by one. An error that nobody listens to would end the process.
  connectionOf(cluster, () => 'ready')
  return {
    kind: 'node-redis',
    ready() {
      const holder = cluster.slots[slot]?.master.client
      return holder === undefined ? null : connectionOfSingle(holder).ready()
    },
    eval: (call) => evalBy(own, call),
    // By way of the cluster, commands without keys go where node-redis thinks best.
    command: async (args) => (await clientOf(cluster, cluster.slots[slot]?.master)).sendCommand(args, COMMAND_OPTIONS),
    // What is published on one node is heard on all of them.
    subscribe: async (channel, listener) => subscribeOn(await clientOf(cluster), channel, listener),
  }
}

/** A client of the cluster's own, for one node; of any if none is named. */
async function clientOf(cluster: NodeRedisCluster, node = anyOf(cluster.masters)): Promise<NodeRedisSingle> {
  if (node === undefined) throw new Error('the client is closed, or knows no node of the cluster')
  return cluster.nodeClient(node)
}

function anyOf<T>(list: readonly T[]): T | undefined {
  return list[Math.floor(Math.random() * list.length)]
}

function seamOfSentinel(sentinel: NodeRedisSentinel): Seam {
  const own = ownOptions(sentinel)
  const connection = connectionOf(sentinel, () => stateOf(sentinel))
  return {
    kind: 'node-redis',
    ready: () => connection.ready(),
    eval: (call) => evalBy(own, call),
    command: (args) => sentinel.sendCommand(false, args, COMMAND_OPTIONS),
    subscribe: (channel, listener) => subscribeBySentinel(sentinel, channel, listener),
  }
}

/** A pool does not tell which connection comes next, so that one is looked at when it is there. */
function seamOfPool(pool: NodeRedisPool): Seam {
  let lastError: unknown
  pool.on('error', (error) => {
    lastError = error
  })
  const withReady = async <T>(ask: (client: NodeRedisSingle) => Promise<T>): Promise<T> => {
    try {
      return await pool.execute(async (client) => {
        await connectionOfSingle(client).ready()
        lastError = undefined
        return ask(client)
      })
    } catch (error) {
      const isEmpty = error instanceof Error && error.message.startsWith('Timeout waiting for a client')
      throw isEmpty && lastError !== undefined ? new NoConnection(lastError) : error
    }
  }
  return {
    kind: 'node-redis',
    ready: () => null,
    eval: (call) => withReady((client) => evalBy(ownOptions(client), call)),
    command: (args) => withReady((client) => client.sendCommand(args, COMMAND_OPTIONS)),
    subscribe: async (channel, listener) => subscribeOn(await pool.execute((client) => client.duplicate()), channel, listener),
  }
}

function ownOptions(client: NodeRedisBase): NodeRedisClient {
  return client.withCommandOptions(COMMAND_OPTIONS)
}

function evalBy(client: NodeRedisClient, { by, script, keys, args }: ScriptCall): Promise<unknown> {
  const options = { keys: keys as string[], arguments: args as string[] }
  return by === 'sha' ? client.evalSha(script, options) : client.eval(script, options)
}

function connectionOfSingle(client: NodeRedisSingle): ReturnType<typeof connectionOf> {
  return connectionOf(client, () => stateOf(client))
}

function stateOf({ isReady, isOpen }: { readonly isReady: boolean; readonly isOpen: boolean }): ConnectionState {
  if (isReady) return 'ready'
  return isOpen ? 'coming' : 'over'
}
