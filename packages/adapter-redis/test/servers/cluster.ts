/** Private clusters: three primaries without replicas, up in a second or two. */
import { freePort } from '@quarterjack/fault-kit/free-port'
import { until } from '@quarterjack/fault-kit/poll'
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts'

/** A running cluster of the test's own. */
export interface RedisClusterServers extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  /** The node that holds a key now. */
  holderOf(key: string): Promise<RedisServer>
  /** Moves the slot of a key, with all that lies in it, to another node: clients learn of it by a redirection. */
  move(key: string, to: RedisServer): Promise<void>
  close(): Promise<void>
}

const SLOTS = 16_384
const COUNT = 3

/** Starts the servers and joins them. */
export async function startCluster({ config = [], ...options }: RedisServerOptions = {}): Promise<RedisClusterServers> {
  const started = await Promise.allSettled(
    Array.from({ length: COUNT }, async () => {
      const busPort = await freePort()
      const clusterConfig = ['cluster-enabled yes', `cluster-port ${busPort}`, 'cluster-node-timeout 2000']
      return { server: await startRedis({ ...options, config: [...clusterConfig, ...config] }), busPort }
    }),
  )
  const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const nodes = members.map(({ server }) => server)
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())))
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason
    await join(members)
  } catch (error) {
    await close()
    throw error
  }

  const holderOf = async (key: string): Promise<RedisServer> => {
    const slot = Number(await nodes[0]?.ask('CLUSTER', 'KEYSLOT', key))
    const ranges = (await nodes[0]?.ask('CLUSTER', 'SLOTS')) as readonly [number, number, readonly [string, number]][]
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1]
    const holder = nodes.find((node) => node.port === port)
    if (holder === undefined) throw new Error(`No node holds slot ${slot}.`)
    return holder
  }

  return {
    nodes,
    holderOf,
    async move(key, to) {
      const from = await holderOf(key)
      if (from === to) return
      const slot = String(await to.ask('CLUSTER', 'KEYSLOT', key))
      const [fromId, toId] = [String(await from.ask('CLUSTER', 'MYID')), String(await to.ask('CLUSTER', 'MYID'))]
      await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
      await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
      const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, '1000000')) as readonly string[]
      if (keys.length > 0) await from.ask('MIGRATE', to.host, String(to.port), '', '0', '5000', 'KEYS', ...keys)
      for (const node of [to, from, ...nodes.filter((other) => other !== to && other !== from)]) {
        await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function join(members: readonly { readonly server: RedisServer; readonly busPort: number }[]): Promise<void> {
  const [first] = members
  if (first === undefined) return
  for (const [index, { server }] of members.entries()) {
    const [from, to] = [index, index + 1].map((bound) => Math.round((bound * SLOTS) / members.length))
    await server.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String((to ?? 0) - 1))
    // Of one age each, so that nobody has to give in to anybody.
    await server.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    if (index > 0) await server.ask('CLUSTER', 'MEET', first.server.host, String(first.server.port), String(first.busPort))
  }
  await until('the cluster knows itself', async () => {
    const infos = await Promise.all(members.map(({ server }) => server.ask('CLUSTER', 'INFO')))
    return infos.every((info) => /cluster_state:ok/.test(String(info)) && /cluster_slots_ok:16384/.test(String(info)))
  })
}
