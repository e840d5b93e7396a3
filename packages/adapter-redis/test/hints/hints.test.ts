/** Hints between processes that share a prefix. */
import type { StoreHint } from '@quarterjack/core/store'
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { createRedisClient } from '../../src/client/recognize.ts'
import { createHints, type HintMode, type Hints } from '../../src/hints/hints.ts'
import { CLIENTS, type ClientKind } from '../client/clients.ts'
import { scriptOf } from '../client/scripts.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'

const PUBLISH = scriptOf(`return redis.call('PUBLISH', KEYS[1], ARGV[1])`)

let server: RedisServer
const endings: (() => unknown)[] = []
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.close())
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  vi.restoreAllMocks()
})

interface Process {
  readonly hints: Hints
  readonly driver: Driver
  /** What its scripts say. */
  say(...hints: readonly (readonly string[])[]): Promise<unknown>
}

async function start({ open }: ClientKind, mode: HintMode = 'auto', prefix = 'jobs'): Promise<Process> {
  const { client, end } = await open(server)
  const driver = createDriver(createRedisClient(client, `{${prefix}}:`), { store: 'redis', prefix })
  const hints = createHints(driver, { prefix, mode })
  endings.push(async () => {
    await hints.close()
    await driver.close()
    end()
  })
  return { hints, driver, say: (...said) => driver.run('x', PUBLISH, [`{${prefix}}:hints`], [JSON.stringify([hints.from, ...said])]) }
}

function watch(hints: Hints): StoreHint[] {
  const heard: StoreHint[] = []
  hints.watch((hint) => heard.push(hint))
  return heard
}

const isOn = (hints: Hints) => (): boolean => hints.status.state === 'on'
const moment = (): Promise<void> => outwait(50)
const connections = async (): Promise<number> => Number(/connected_clients:(\d+)/.exec(String(await server.ask('INFO', 'clients')))?.[1])

describe.each(CLIENTS)('hints by way of $name', (kind) => {
  it('reach other processes, and do not come back to the own one', async () => {
    const [a, b] = [await start(kind), await start(kind)]
    const [heardA, heardB] = [watch(a.hints), watch(b.hints)]
    await until('both listen', () => isOn(a.hints)() && isOn(b.hints)())
    await moment()
    heardA.length = heardB.length = 0
    await a.say(['r'], ['c', 'owner'])
    await until('b heard', () => heardB.length === 2)
    expect(heardB).toEqual([
      { kind: 'work', of: 'runs' },
      { kind: 'cancel', owner: 'owner' },
    ])
    await moment()
    expect(heardA).toEqual([])
    a.hints.tellHere([{ kind: 'settled', runId: '1' }])
    await moment()
    expect(heardA).toEqual([{ kind: 'settled', runId: '1' }])
  })

  it('come back when the server does, and tell that something was missed', async () => {
    const { hints, say } = await start(kind)
    const heard = watch(hints)
    await until('it listens', isOn(hints))
    await moment()
    heard.length = 0
    await server.stop()
    try {
      await until('it has tried again', () => /subscribe failed/.test(hints.status.reason ?? ''))
      expect(hints.status.state).toBe('failing')
    } finally {
      await server.start()
    }
    await until('it listens again', isOn(hints))
    await until('it is told', () => heard.length > 0)
    expect(heard).toEqual([{ kind: 'work' }])
    await until('its client is back', () =>
      say().then(
        () => true,
        () => false,
      ),
    )
  })

  it('come back when their connection is killed', async () => {
    const { hints } = await start(kind)
    const heard = watch(hints)
    await until('it listens', isOn(hints))
    await moment()
    heard.length = 0
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('it is told', () => heard.length > 0)
    expect(heard).toEqual([{ kind: 'work' }])
    expect(hints.status).toEqual({ state: 'on', reason: null })
  })

  it('take a connection of their own, and give it back', async () => {
    const { hints, driver } = await start(kind)
    await driver.command('x', ['PING'])
    const before = await connections()
    watch(hints)
    await until('it listens', isOn(hints))
    expect(await connections()).toBe(before + 1)
    await hints.close()
    await until('it is gone', async () => (await connections()) === before)
    expect(hints.status.state).toBe('idle')
  })
})

describe('hints', () => {
  const [kind] = CLIENTS as [ClientKind]

  it('are not listened to while nobody watches', async () => {
    const { hints } = await start(kind)
    expect(hints.status).toEqual({ state: 'idle', reason: null })
    expect(await server.ask('PUBSUB', 'NUMSUB', '{jobs}:hints')).toEqual(['{jobs}:hints', 0])
  })

  it('of another prefix are not heard', async () => {
    const [a, b] = [await start(kind), await start(kind, 'auto', 'others')]
    const heard = watch(b.hints)
    await until('it listens', isOn(b.hints))
    await moment()
    heard.length = 0
    await a.say(['w'])
    await moment()
    expect(heard).toEqual([])
  })

  it('are told here where they are switched off', async () => {
    const { hints } = await start(kind, false)
    const heard = watch(hints)
    hints.tellHere([{ kind: 'work' }])
    await moment()
    expect(heard).toEqual([{ kind: 'work' }])
    expect(hints.status).toEqual({ state: 'off', reason: expect.stringMatching(/option/) })
  })

  it('are warned of once where they cannot work and were asked for', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const subscribe = (): Promise<never> => Promise.reject(new Error('NOPERM'))
    const hints = createHints({ subscribe }, { prefix: 'jobs', mode: true })
    endings.push(() => hints.close())
    watch(hints)
    await until('it failed', () => hints.status.state === 'failing')
    await outwait(300)
    expect(warning).toHaveBeenCalledOnce()
    expect(warning.mock.calls[0]).toMatchObject(
      [/NOPERM/, { code: 'QUARTERJACK_REDIS_HINTS' }].map((part) => (part instanceof RegExp ? expect.stringMatching(part) : part)),
    )
    const silent = createHints({ subscribe: null }, { prefix: 'jobs', mode: 'auto' })
    expect(silent.status.state).toBe('off')
    expect(warning).toHaveBeenCalledOnce()
  })

  it('go to every listener, though one fails', async () => {
    const { hints } = await start(kind, false)
    hints.watch(() => {
      throw new Error('mine')
    })
    const heard = watch(hints)
    hints.tellHere([{ kind: 'work' }, { kind: 'work' }])
    await moment()
    expect(heard).toEqual([{ kind: 'work' }])
  })
})
