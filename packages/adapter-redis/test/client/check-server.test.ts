/** What a store says of the server that it is opened on. */
import { until } from '@quarterjack/fault-kit/poll'
import { createClient } from 'redis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServerCheck } from '../../src/client/check-server.ts'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { createRedisClient } from '../../src/client/recognize.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from '../servers/redis.ts'

const warnings: string[] = []
const endings: (() => unknown)[] = []
beforeEach(() => {
  warnings.length = 0
  vi.spyOn(process, 'emitWarning').mockImplementation((_, options) => void warnings.push((options as { code: string }).code))
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of endings.splice(0).reverse()) await end()
})

async function driverOn(options: RedisServerOptions, user = ''): Promise<{ server: RedisServer; driver: Driver; isReady: () => boolean }> {
  const server = await startRedis(options)
  endings.push(() => server.close())
  const client = createClient({ url: `redis://${user}127.0.0.1:${server.port}` })
  client.on('error', () => undefined)
  await client.connect()
  endings.push(() => client.destroy())
  const driver = createDriver(createRedisClient(client, '{jobs}:'), { store: 'redis', prefix: 'jobs' })
  return { server, driver, isReady: () => client.isReady }
}

/** A server that answers so. */
const told = (info: Readonly<Record<string, string>>): Pick<Driver, 'command'> => ({
  command: async (_, [name]) =>
    name === 'INFO'
      ? `# Server\r\n${Object.entries(info)
          .map(([key, value]) => `${key}:${value}\r\n`)
          .join('')}`
      : [],
})

describe('a server', () => {
  it('that keeps its data and drops nothing is fine', async () => {
    const { driver } = await driverOn({ appendOnly: true, config: ['maxmemory 100mb', 'maxmemory-policy noeviction'] })
    await createServerCheck(driver, 'redis')()
    expect(warnings).toEqual([])
  })

  it('that takes snapshots is fine, too', async () => {
    const { driver } = await driverOn({ config: ['save 3600 1'] })
    await createServerCheck(driver, 'redis')()
    expect(warnings).toEqual([])
  })

  it('that keeps nothing, or may drop keys, is warned of, each once', async () => {
    const { driver, server } = await driverOn({ config: ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'] })
    const check = createServerCheck(driver, 'redis')
    await check()
    await check()
    expect(warnings).toEqual(['QUARTERJACK_REDIS_EVICTION', 'QUARTERJACK_REDIS_PERSISTENCE'])
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
    warnings.length = 0
    await createServerCheck(driver, 'redis')()
    expect(warnings).toEqual(['QUARTERJACK_REDIS_PERSISTENCE'])
  })

  it.each(['+info', ''])('that does not tell is believed to be right (%j)', async (rule) => {
    const { driver } = await driverOn({ users: [`worker on >pw ~* &* +hello ${rule}`] }, 'worker:pw@')
    await createServerCheck(driver, 'redis')()
    expect(warnings).toEqual([])
  })

  it.each([
    ['6.0.16', false],
    ['5.0.3', false],
    ['6.2.0', true],
    ['7.0.15', true],
    ['8.0.0', true],
    ['255.255.255', true],
    ['', true],
  ])('of version %j is taken: %s', async (version, isTaken) => {
    const check = createServerCheck(told({ redis_version: version, aof_enabled: '1' }), 'redis')()
    if (isTaken) await check
    else await expect(check).rejects.toMatchObject({ code: 'StoreUnsupported', message: expect.stringContaining(version) })
  })

  it('that cannot be reached is no server that does not tell', async () => {
    const { driver, server, isReady } = await driverOn({})
    await server.kill()
    // What is asked before the client notices stays in its queue.
    await until('the client noticed', () => !isReady())
    await expect(createServerCheck(driver, 'redis')()).rejects.toMatchObject({ code: 'StoreUnavailable' })
  })
})
