/** A primary that changes, by way of both clients. */
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import { describe, expect, it } from 'vitest'
import { createDriver } from '../../src/client/driver.ts'
import { createRedisClient } from '../../src/client/recognize.ts'
import { createHints } from '../../src/hints/hints.ts'
import { PRIMARY_NAME, type SentinelServers, startSentinel } from '../servers/sentinel.ts'
import type { OpenClient } from './clients.ts'
import { scriptOf, WRITE } from './scripts.ts'

const ignore = (): void => undefined
const PUBLISH = scriptOf(`return redis.call('PUBLISH', KEYS[1], '["other",["r"]]')`)

describe.each([
  {
    name: 'redis 6',
    open: async ({ sentinel: { host, port } }: SentinelServers): Promise<OpenClient> => {
      const client = createSentinel({ name: PRIMARY_NAME, sentinelRootNodes: [{ host, port }] })
      client.on('error', ignore)
      await client.connect()
      return { client, end: () => void client.destroy() }
    },
  },
  {
    name: 'ioredis 6',
    open: async ({ sentinel: { host, port } }: SentinelServers): Promise<OpenClient> => {
      const client = new Redis({ name: PRIMARY_NAME, sentinels: [{ host, port }] })
      client.on('error', ignore)
      return { client, end: () => client.disconnect() }
    },
  },
])('sentinels by way of $name', ({ open }) => {
  it('lead to the primary, and to the next one', async () => {
    await using servers = await startSentinel()
    const { client, end } = await open(servers)
    const driver = createDriver(createRedisClient(client, '{jobs}:', 5_000), { store: 'redis', prefix: 'jobs' })
    const hints = createHints(driver, { prefix: 'jobs', mode: 'auto' })
    const heard: unknown[] = []
    hints.watch((hint) => heard.push(hint))
    try {
      await until('it listens', () => hints.status.state === 'on')
      await driver.run('x', WRITE, ['{jobs}:row'], ['1'])
      expect(await driver.command('x', ['INFO', 'server'])).toContain(`tcp_port:${servers.servers.primary.port}`)
      await servers.failOver()
      await until('it writes to the next primary', async () => {
        await driver.run('x', WRITE, ['{jobs}:row'], ['2']).catch(ignore)
        return (await servers.servers.replica.ask('HGET', '{jobs}:row', 'field').catch(ignore)) === '2'
      })
      await until('it listens again', () => hints.status.state === 'on')
      await until('it hears', async () => {
        heard.length = 0
        await driver.run('x', PUBLISH, ['{jobs}:hints'], []).catch(ignore)
        await outwait(50)
        return heard.some((hint) => (hint as { of?: string }).of === 'runs')
      })
    } finally {
      await hints.close()
      await driver.close()
      end()
    }
  })
})
