/** What servers refuse, by way of every client: each with a code, and what to do. */
import { mkdir } from 'node:fs/promises'
import { freePort } from '@quarterjack/fault-kit/free-port'
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { describe, expect, it } from 'vitest'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { aclRules } from '../../src/client/privileges.ts'
import { createRedisClient } from '../../src/client/recognize.ts'
import type { ServerAddress } from '../servers/ask-server.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { startReplicated } from '../servers/replica.ts'
import { CLIENTS, type ClientKind } from './clients.ts'
import { ECHO, scriptOf, WRITE } from './scripts.ts'

const PREFIX = 'jobs'
const KEYS = [`{${PREFIX}}:meta`]

/** A store's way to a server, and the end of its client. */
interface Opened extends AsyncDisposable {
  readonly driver: Driver
  end(): unknown
}

async function openDriver({ open }: ClientKind, server: ServerAddress): Promise<Opened> {
  const { client, end } = await open(server)
  const driver = createDriver(createRedisClient(client, `{${PREFIX}}:`, 5_000), { store: 'redis', prefix: PREFIX })
  return {
    driver,
    end,
    async [Symbol.asyncDispose]() {
      await driver.close()
      end()
    },
  }
}

const write = (driver: Driver): Promise<unknown> => driver.run('runs.claim', WRITE, KEYS, ['x'.repeat(1_000)])

const refused = (driver: Driver): Promise<{ readonly code: string; readonly message: string }> =>
  write(driver).then(
    () => expect.fail('It was not refused.'),
    (error: { readonly code: string; readonly message: string }) => error,
  )

describe.concurrent.each(CLIENTS)('$name', (kind) => {
  it('cannot reach the server', async () => {
    await using opened = await openDriver(kind, { port: await freePort() })
    const { driver } = opened
    const error = await refused(driver)
    expect(error).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/^store "redis": runs\.claim failed: .*ECONNREFUSED/),
    })
    expect(error.message).toMatch(/Check host and port/)
  })

  it('has the wrong password', async () => {
    await using server = await startRedis({ password: 'right' })
    await using opened = await openDriver(kind, { port: server.port, password: 'wrong' })
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/WRONGPASS.*Check the user and password/),
    })
  })

  it('has no password', async () => {
    await using server = await startRedis({ password: 'right' })
    await using opened = await openDriver(kind, { port: server.port })
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/NOAUTH.*Check the user and password/),
    })
  })

  it('lacks permissions, and is told the rules that are enough', async () => {
    await using server = await startRedis({ users: ['worker on >pw +hello +info +client +ping'] })
    await using opened = await openDriver(kind, { port: server.port, username: 'worker', password: 'pw' })
    const { driver } = opened
    const error = await refused(driver)
    expect(error).toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(/NOPERM/) })
    const rules = /ACL SETUSER <user> (.+)$/.exec(error.message)?.[1]
    expect(rules).toBe(aclRules(PREFIX))
    await server.ask('ACL', 'SETUSER', 'worker', ...rules!.split(' '))
    await write(driver)
    const heard: string[] = []
    await driver.subscribe!(`{${PREFIX}}:hints`, { onMessage: (message) => heard.push(message), onLost: () => undefined })
    await driver.run('x', scriptOf(`return redis.call('PUBLISH', KEYS[1], 'here')`), [`{${PREFIX}}:hints`], [])
    await until('it is heard', () => heard.length > 0)
    await driver.command('open', ['INFO'])
    await driver.command('open', ['CONFIG', 'GET', 'save'])
    await driver.close()
  })

  it('lacks a permission only within the script', async () => {
    await using server = await startRedis({ users: ['worker on >pw ~* &* +hello +info +client +ping +eval +evalsha'] })
    await using opened = await openDriver(kind, { port: server.port, username: 'worker', password: 'pw' })
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(/ACL SETUSER/) })
  })

  it('finds the memory full', async () => {
    await using server = await startRedis({ config: ['maxmemory-policy noeviction'] })
    await server.ask('SET', 'much', 'x'.repeat(2_000_000))
    await server.ask('CONFIG', 'SET', 'maxmemory', '1mb')
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/OOM.*maxmemory.*nothing was written/),
    })
    await server.ask('CONFIG', 'SET', 'maxmemory', '0')
    await write(driver)
  })

  it('is connected to a replica', async () => {
    await using servers = await startReplicated()
    await using opened = await openDriver(kind, servers.replica)
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/READONLY.*Connect to the primary/),
    })
    await servers.promote()
    await write(driver)
  })

  it('finds a server that cannot save', async () => {
    await using server = await startRedis({ config: ['save 3600 1', 'enable-protected-configs yes'] })
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    await write(driver)
    await breakSaving(server)
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/MISCONF.*cannot save to disk/),
    })
  })

  it('finds too few replicas', async () => {
    await using server = await startRedis({ config: ['min-replicas-to-write 1'] })
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/NOREPLICAS.*min-replicas-to-write/),
    })
  })

  it("finds something that is not the store's", async () => {
    await using server = await startRedis()
    await server.ask('SET', KEYS[0]!, 'something')
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    expect(await refused(driver)).toMatchObject({
      code: 'InvalidOption',
      message: expect.stringMatching(/WRONGTYPE.*"\{jobs\}:".*option "prefix"/),
    })
  })

  it('finds the server busy with a script', async () => {
    await using server = await startRedis({ config: ['busy-reply-threshold 50'] })
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    const busy = server.ask('EVAL', 'while true do end', '0').catch(() => undefined)
    await until('it is busy', async () => (await server.ask('PING').catch(() => null)) === null)
    expect(await refused(driver)).toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(/BUSY.*takes too long/) })
    await server.ask('SCRIPT', 'KILL')
    await busy
  })

  it('has a script of ours that fails, or refuses', async () => {
    await using server = await startRedis()
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    const run = (source: string): Promise<unknown> => driver.run('runs.claim', scriptOf(source), KEYS, [])
    await expect(run('return nothing.at.all')).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/please report it/),
    })
    await expect(run('this is no Lua')).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/please report it/),
    })
    await expect(run(`return redis.error_reply('QJ SchemaNewer Written by version 7. Upgrade.')`)).rejects.toMatchObject({
      code: 'SchemaNewer',
      message: 'store "redis": Written by version 7. Upgrade.',
    })
    await expect(run(`error(redis.error_reply('QJ UnknownRun There is no run "x".'))`)).rejects.toMatchObject({
      code: 'UnknownRun',
      message: 'store "redis": There is no run "x".',
    })
  })

  it('was ended by its user', async () => {
    await using server = await startRedis()
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    await driver.run('x', ECHO, KEYS, ['y'])
    opened.end()
    const begun = performance.now()
    expect(await refused(driver)).toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/end it after the last scheduler stopped/),
    })
    expect(performance.now() - begun).toBeLessThan(1_000)
  })

  it('is cut off in the middle of a call', async () => {
    await using server = await startRedis()
    await using opened = await openDriver(kind, server)
    const { driver } = opened
    await driver.run('x', ECHO, KEYS, ['y'])
    server.pause()
    const call = refused(driver)
    await outwait(100)
    await server.kill()
    expect((await call).code).toMatch(/^Store(?:Unavailable|TimedOut)$/)
  })
})

/** A directory has the name of the snapshot. */
async function breakSaving(server: RedisServer): Promise<void> {
  const [, directory] = (await server.ask('CONFIG', 'GET', 'dir')) as readonly string[]
  await server.ask('CONFIG', 'SET', 'dbfilename', 'taken')
  await mkdir(`${directory}/taken`)
  await server.ask('BGSAVE')
  await until('the snapshot failed', async () => /rdb_last_bgsave_status:err/.test(String(await server.ask('INFO', 'persistence'))))
}
