/** Clusters, by way of both clients. */
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { Cluster } from 'ioredis'
import Redis5 from 'ioredis-5'
import { createCluster } from 'redis'
import { createCluster as createCluster5 } from 'redis-5'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { createRedisClient } from '../../src/client/recognize.ts'
import type { RedisStoreClient } from '../../src/index.ts'
import { type RedisClusterServers, startCluster } from '../servers/cluster.ts'
import type { OpenClient } from './clients.ts'
import { scriptOf, WRITE } from './scripts.ts'

let cluster: RedisClusterServers
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster?.close())

const ignore = (): void => undefined
const rootNodes = (): { url: string }[] => cluster.nodes.map(({ url }) => ({ url }))
const openNodeRedis = async (
  client: RedisStoreClient & { on(event: 'error', listener: () => void): unknown; connect(): Promise<unknown>; destroy(): void },
): Promise<OpenClient> => {
  client.on('error', ignore)
  await client.connect()
  return { client, end: () => client.destroy() }
}
const openIoRedis = (client: RedisStoreClient & { on(event: 'error', listener: () => void): unknown; disconnect(): void }): OpenClient => {
  client.on('error', ignore)
  return { client, end: () => client.disconnect() }
}
const addresses = (): { host: string; port: number }[] => cluster.nodes.map(({ host, port }) => ({ host, port }))
const PIPELINING = { enableAutoPipelining: true }

describe.each([
  { name: 'redis 6', open: () => openNodeRedis(createCluster({ rootNodes: rootNodes() })) },
  { name: 'redis 6, few connections', open: () => openNodeRedis(createCluster({ rootNodes: rootNodes(), minimizeConnections: true })) },
  { name: 'redis 5', open: () => openNodeRedis(createCluster5({ rootNodes: rootNodes() })) },
  { name: 'ioredis 6', open: async () => openIoRedis(new Cluster(addresses())) },
  { name: 'ioredis 6, auto-pipelining', open: async () => openIoRedis(new Cluster(addresses(), PIPELINING)) },
  { name: 'ioredis 5, auto-pipelining', open: async () => openIoRedis(new Redis5.Cluster(addresses(), PIPELINING)) },
])('a cluster by way of $name', ({ open }) => {
  const opened: OpenClient[] = []
  const driverOf = async (prefix: string): Promise<Driver> => {
    const one = await open()
    opened.push(one)
    return createDriver(createRedisClient(one.client, `{${prefix}}:`, 5_000), { store: 'redis', prefix })
  }
  afterEach(() => {
    for (const { end } of opened.splice(0)) end()
  })

  it('runs scripts where their keys are, whichever node that is', async () => {
    const holders = new Set<number>()
    for (const prefix of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const driver = await driverOf(prefix)
      await driver.run('x', WRITE, [`{${prefix}}:row`], ['1'])
      const holder = await cluster.holderOf(`{${prefix}}:row`)
      holders.add(holder.port)
      expect(await driver.command('x', ['INFO', 'server'])).toContain(`tcp_port:${holder.port}`)
    }
    expect(holders.size).toBe(3)
  })

  it('shares its client with other commands of the same moment', async () => {
    const driver = await driverOf('b')
    const script = scriptOf('return { KEYS[1] }')
    const client = opened[0]!.client as unknown as { get(key: string): Promise<unknown> }
    await driver.run('x', script, ['{b}:row'], [])
    // On every node, whichever of them the hash of the script would lead to.
    const others = ['1', '2', '3', '4', '5', '6', '7', '8'].map((key) => client.get(key))
    const keys = ['{a}:1', '{b}:1', '{c}:1', '{d}:1', '{e}:1', '{f}:1']
    const replies = await Promise.all(keys.map((key) => driver.run('x', script, [key], [])))
    expect(replies).toEqual(keys.map((key) => [key]))
    await Promise.all(others)
  })

  it('follows its keys to another node', async () => {
    const prefix = 'moving'
    const driver = await driverOf(prefix)
    await driver.run('x', WRITE, [`{${prefix}}:row`], ['1'])
    const holder = await cluster.holderOf(`{${prefix}}:row`)
    const other = cluster.nodes.find((node) => node !== holder)!
    await cluster.move(`{${prefix}}:row`, other)
    await driver.run('x', WRITE, [`{${prefix}}:row`], ['2'])
    expect(await other.ask('HGET', `{${prefix}}:row`, 'field')).toBe('2')
  })

  it('hears on any node what a script publishes on one', async () => {
    const driver = await driverOf('b')
    const heard: string[] = []
    const ends = await Promise.all(
      Array.from({ length: 4 }, () =>
        driver.subscribe!('{b}:hints', { onMessage: (message) => heard.push(message), onLost: () => undefined }),
      ),
    )
    await driver.run('x', scriptOf(`return redis.call('PUBLISH', KEYS[1], 'here')`), ['{b}:hints'], [])
    await until('all have heard', () => heard.length >= 4)
    expect(heard).toEqual(['here', 'here', 'here', 'here'])
    await Promise.all(ends.map((end) => end()))
  })

  it('does not leave calls in a queue while the node is away', async () => {
    const driver = await driverOf('b')
    await driver.run('x', WRITE, ['{b}:row'], ['before'])
    const holder = await cluster.holderOf('{b}:row')
    await holder.stop()
    try {
      await outwait(200)
      await expect(driver.run('x', WRITE, ['{b}:row'], ['never'])).rejects.toMatchObject({ code: 'StoreUnavailable' })
    } finally {
      await holder.start()
    }
    await until('it is back', async () => (await driver.run('x', WRITE, ['{b}:row'], ['after']).catch(() => null)) !== null)
  })
})
