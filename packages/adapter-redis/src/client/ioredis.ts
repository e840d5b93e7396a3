/** The seam of `ioredis`. */
import { connectionOf, type ConnectionState } from './connection.ts'
import { createClient, type ScriptCall, type Seam } from './create-client.ts'
import { slotOf } from './hash-slot.ts'
import type { IoRedisBase, IoRedisCluster, IoRedisSingle } from './ioredis-shape.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { createLostOnce } from './lost-once.ts'
import type { ChannelListener, RedisClient, Unsubscribe } from './redis-client.ts'

/** Of one client. `key` is one of the store's: on a cluster it says which node holds them all. */
export function createIoRedisClient(client: IoRedisSingle | IoRedisCluster, key: string, callMs?: number): RedisClient {
  const connection = connectionOf(client, () => stateOf(client))
  const common: Pick<Seam, 'kind' | 'ready' | 'eval'> = {
    kind: 'ioredis',
    ready: () => connection.ready(),
    eval: isPipelined(client) ? (call) => evalApart(client, call) : (call) => evalBy(client, call),
  }
  if (client.isCluster !== true) {
    return createClient(
      {
        ...common,
        command: ([name = '', ...args]) => client.call(name, ...args),
        subscribe: (channel, listener) => subscribeOn(client, channel, listener),
      },
      callMs,
    )
  }
  const slot = slotOf(key)
  return createClient(
    {
      ...common,
      command: ([name = '', ...args]) => holderOf(client, slot).call(name, ...args),
      // What is published on one node is heard on all of them.
      subscribe: (channel, listener) => subscribeOn(anyNodeOf(client), channel, listener),
    },
    callMs,
  )
}

function evalBy(client: IoRedisBase, { by, script, keys, args }: ScriptCall): Promise<unknown> {
  return by === 'sha' ? client.evalsha(script, keys.length, ...keys, ...args) : client.eval(script, keys.length, ...keys, ...args)
}

/**
 * With enableAutoPipelining a call would wait for the answers of others, and on a cluster older versions sent it along with
 * them to where its hash, taken for a key, would lie. A pipeline of its own goes out at once, to where its keys are.
 */
async function evalApart(client: IoRedisBase, { by, script, keys, args }: ScriptCall): Promise<unknown> {
  const results = await client.pipeline([[by === 'sha' ? 'evalsha' : 'eval', script, keys.length, ...keys, ...args]]).exec()
  const [error, reply] = results?.[0] ?? [new Error('the pipeline was not answered'), null]
  if (error !== null && error !== undefined) throw error
  return reply
}

function isPipelined({ options }: IoRedisBase): boolean {
  return options.enableAutoPipelining === true || options.redisOptions?.enableAutoPipelining === true
}

function holderOf(cluster: IoRedisCluster, slot: number): IoRedisSingle {
  const address = cluster.slots[slot]?.[0]
  return cluster.nodes('master').find(({ options }) => `${options.host}:${options.port}` === address) ?? anyNodeOf(cluster)
}

function anyNodeOf(cluster: IoRedisCluster): IoRedisSingle {
  const nodes = cluster.nodes('master')
  const node = nodes[Math.floor(Math.random() * nodes.length)]
  if (node === undefined) throw new Error('the cluster has no known node')
  return node
}

/** On a connection like that of `client`, which stays as it is. It is not made again when it breaks: whoever asked for it is told. */
async function subscribeOn(client: IoRedisSingle, channel: string, listener: ChannelListener): Promise<Unsubscribe> {
  const own = client.duplicate({ lazyConnect: true, retryStrategy: null, sentinelRetryStrategy: null, autoResubscribe: false })
  let lastError: unknown = new Error('the connection was closed')
  let heartbeat: Heartbeat | null = null
  const hear = (message: string): void => {
    heartbeat?.heard()
    listener.onMessage(message)
  }
  const { lose, begin, end } = createLostOnce(listener, () => own.disconnect())
  own.on('error', (error) => {
    lastError = error
  })
  own.on('close', () => lose(lastError))
  own.on('message', (_, message) => hear(message as string))
  try {
    await begin(async () => {
      await own.connect()
      own.stream?.unref?.()
      await own.subscribe(channel)
    })
  } catch (error) {
    await end()
    throw error
  }
  heartbeat = startHeartbeat(() => own.ping(), lose)
  return async () => {
    heartbeat?.stop()
    await end()
  }
}

/** A client that waits to be asked (lazyConnect) is asked here, so that the wait for it is ours. */
function stateOf(client: IoRedisBase): ConnectionState {
  switch (client.status) {
    case 'wait':
      client.connect().catch(() => undefined)
      return 'coming'
    case 'connecting':
    case 'connect':
    case 'close':
    case 'reconnecting':
    case 'disconnecting':
      return 'coming'
    case 'end':
      return 'over'
    default:
      return 'ready'
  }
}
