/** The life of a store: opening, closing, and what it must not keep from ending. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { freePort } from '@quarterjack/fault-kit/free-port'
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { describe, expect, it } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { startRedis } from '../servers/redis.ts'
import { CLIENTS } from './clients.ts'

describe.concurrent.each(CLIENTS)('a store by way of $name', ({ open }) => {
  it('can be opened by many at once, closed twice, and opened again', async () => {
    await using server = await startRedis({ appendOnly: true })
    const { client, end } = await open(server)
    const store = redisStore({ client })
    await Promise.all([store.open(), store.open(), store.open()])
    await store.close()
    await store.close()
    await expect(store.now()).rejects.toMatchObject({ code: 'StoreClosed' })
    expect(() => store.watch(() => undefined)).toThrow(/closed/)
    await store.open()
    expect(Math.abs((await store.now()) - Date.now())).toBeLessThan(60_000)
    await store.close()
    // The client is its user's.
    const other = redisStore({ client })
    await other.open()
    await other.close()
    end()
  })

  it('is opened by a later try when the server was away', async () => {
    await using server = await startRedis({ appendOnly: true })
    const { client, end } = await open(server)
    const store = redisStore({ client })
    await store.open()
    await store.close()
    await server.stop()
    await outwait(100)
    await expect(store.open()).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/^store "redis": open failed: /),
    })
    await server.start()
    await until('it opens', () =>
      store.open().then(
        () => true,
        () => false,
      ),
    )
    await store.close()
    end()
  })
})

describe.concurrent('a store', () => {
  it.each([
    ['redis', 'createClient({ url }).connect()', 'destroy'],
    ['redis', 'createCluster({ rootNodes: [{ url }] }).connect()', 'destroy'],
    ['redis', 'createClientPool({ url }).connect()', 'destroy'],
    ['ioredis', 'new Redis(url)', 'disconnect'],
  ])('does not keep a process alive whose client of %s is ended: %s', async (library, make, end) => {
    // Its bus would listen at the port + 10,000, where systems take the ports of clients from.
    const clusterConfig = ['cluster-enabled yes', `cluster-port ${await freePort()}`]
    await using server = await startRedis({ appendOnly: true, config: make.includes('Cluster') ? clusterConfig : [] })
    if (make.includes('Cluster')) {
      await server.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      await until('it is a cluster', async () => /cluster_state:ok/.test(String(await server.ask('CLUSTER', 'INFO'))))
    }
    const script = `
      import { ${/\w*(?:create\w+|Redis)/.exec(make)?.[0]} } from '${library}'
      import { redisStore } from '@quarterjack/adapter-redis'
      const url = process.argv[1]
      const client = await ${make}
      const store = redisStore({ client })
      await store.open()
      store.watch(() => undefined)
      while (store.hintStatus.state !== 'on') await new Promise((resolve) => setTimeout(resolve, 5))
      client.${end}()
      console.log('ended')`
    const args = ['--conditions=@quarterjack/source', '--input-type=module', '--eval', script, server.url]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: new URL('../..', import.meta.url), timeout: 20_000 })
    expect(stdout).toContain('ended')
  })
})
