/** A replica that lagged takes over, and others write as much as was lost before the process that saw it asks again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EnqueueRequest } from '@quarterjack/core/store'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RedisStore } from '../../src/index.ts'
import { resolveRedisStoreOptions } from '../../src/options.ts'
import { assembleRedisStore } from '../../src/redis-store.ts'
import { SERVER_TIME } from '../../src/scripts/lua-module.ts'
import { createScripts } from '../../src/scripts/scripts.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { keep, setBack } from './set-back.ts'

const META = '{quarterjack}:meta'
const LEASE = { leaseMs: 60_000 }
const EVERY_MS = 60_000
const OTHERS = [0, 1, 3]
const DAY_MS = 86_400_000
/** The server's clock, and what a test added to it. */
const SCRIPTS = createScripts(`(${SERVER_TIME} + (tonumber(redis.call('HGET', KEY.meta, 'moved')) or 0))`)

let server: RedisServer
const opened: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())
afterEach(async () => {
  for (const end of opened.splice(0).reverse()) await end()
  await server.ask('FLUSHALL')
})

async function openStore(): Promise<RedisStore> {
  const client = createClient({ url: server.url })
  client.on('error', () => undefined)
  await client.connect()
  opened.push(async () => client.destroy())
  const store = assembleRedisStore(resolveRedisStoreOptions({ client, hints: false }), SCRIPTS)
  opened.push(() => store.close())
  await store.open()
  return store
}

const ask = (...command: readonly string[]): Promise<unknown> => server.ask(...command)
/** How often a loss was noticed. */
const losses = async (): Promise<string | undefined> => String(await ask('HGET', META, 'epoch')).split('.')[1]

const trigger = (id: string, job = 'task'): EnqueueRequest => {
  const plain = { key: '', trigger: 'manual', payload: null, triggers: 1, priority: 0, delayMs: 0 } as const
  return { id, job, ...plain, overlap: 'allow', skipWhenBusy: false, gates: [] }
}
const bid = (name: string) => ({ name, holder: 'h', ...LEASE, queue: false, seenFence: 0 })

async function renew(store: RedisStore): ReturnType<RedisStore['runs']['renew']> {
  const jobs = [
    { job: 'beat', hash: 'h' },
    { job: 'task', hash: 'h' },
  ]
  return store.runs.renew({ owner: 'a', ...LEASE, jobs, started: [], progress: [] })
}

async function register(store: RedisStore): Promise<void> {
  const asOf = await store.now()
  const schedule = { job: 'beat', name: '#0', key: '#0', incarnation: 'i', spec: '{"everyMs":60000,"kind":"every"}', payload: null }
  const schedules = [{ ...schedule, asOf, nextSlot: asOf + 50, nextDueAt: asOf + 50 }]
  const task = { job: 'task', hash: 'h', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [] }
  await store.schedules.register({ registrations: [{ ...task, job: 'beat', schedules }, task] })
}

/** Looks, and fires what is due: the slots of the runs that came of it. */
async function fire(store: RedisStore): Promise<readonly (number | null)[]> {
  const { schedules } = await store.schedules.due({ owner: 'a', limit: 10 })
  const firings = schedules.map(({ job, name, incarnation, generation, nextSlot }) => {
    const slot = Number(nextSlot)
    const next = { expectedSlot: slot, through: slot, nextSlot: slot + EVERY_MS, nextDueAt: slot + EVERY_MS, skips: [] }
    const run = { id: `beat-${slot}`, slot, runAt: slot, priority: 0, overlap: 'allow' as const, queueLimit: 1, gates: [] }
    return { job, name, incarnation, generation, ...next, runs: [run] }
  })
  if (firings.length === 0) return []
  const claim = { owner: 'a', ...LEASE, limit: 10, start: 10, seenFence: 0 }
  const { replies } = await store.schedules.fire({ firings, claim })
  return replies.flatMap(({ runs }) => runs.map(({ claimed }) => claimed?.record.slot ?? null))
}

interface Site {
  readonly a: RedisStore
  readonly b: RedisStore
}

/** What `a` did is lost; `b` had seen what was before, and writes as often as is said. */
async function lose(others: number, deed: (a: RedisStore) => Promise<unknown>): Promise<Site> {
  const [a, b] = [await openStore(), await openStore()]
  await register(a)
  await renew(a)
  await a.runs.enqueue({ requests: [trigger('waits')] })
  await a.leases.acquire({ bids: [bid('kept')] })
  await b.now()
  const kept = await keep(server)
  await deed(a)
  await setBack(server, kept)
  for (let index = 0; index < others; index++) await b.runs.enqueue({ requests: [trigger(`of-b-${index}`, 'other')] })
  expect(await losses()).toBe('0')
  return { a, b }
}

describe.each(OTHERS)('with %i writes of another process between', (others) => {
  it('a slot that was seen fired is not fired again', async () => {
    const { a } = await lose(others, async (store) => {
      await sleep(80)
      expect(await fire(store)).toEqual([expect.any(Number)])
    })
    expect(await fire(a)).toEqual([])
    expect(await losses()).toBe('1')
    expect(await renew(a)).toMatchObject({ status: 'dead', lost: { everything: false } })
    const { runs, skips } = await a.schedules.ledger({ job: 'beat', name: '#0', after: null, limit: 10 })
    expect({ runs, skips }).toEqual({ runs: [], skips: [expect.objectContaining({ reason: 'lost' })] })
  })

  it('a lease that was granted is withheld from others', async () => {
    const { a, b } = await lose(others, (store) => store.leases.acquire({ bids: [bid('mine')] }))
    const held = { name: 'mine', holder: 'h', ...LEASE, fence: 1 }
    expect((await a.leases.renew({ leases: [held] })).renewed).toEqual([false])
    expect((await b.leases.acquire({ bids: [bid('mine')] })).replies).toEqual([expect.objectContaining({ granted: false })])
    expect(await losses()).toBe('1')
  })

  const next: Readonly<Record<string, (store: RedisStore) => Promise<unknown>>> = {
    'reads what is due': (store) => store.schedules.due({ owner: 'a', limit: 10 }),
    'triggers one': (store) => store.runs.enqueue({ requests: [trigger('next')] }),
    'triggers some': (store) => store.runs.enqueue({ requests: [trigger('next'), trigger('after')] }),
    'triggers with a priority': (store) => store.runs.enqueue({ requests: [{ ...trigger('next'), priority: 1 }] }),
    'asks for a mutex': (store) => store.leases.acquire({ bids: [bid('free')] }),
    'lets a mutex go': (store) => store.leases.release({ leases: [{ name: 'kept', holder: 'h', fence: 1 }] }),
    claims: (store) => store.runs.claim({ owner: 'a', ...LEASE, limit: 5, start: 5, seenFence: 0 }),
    settles: (store) => store.runs.settle({ owner: 'a', settlements: [] }),
    renews: renew,
  }
  it.each(Object.entries(next))('a trigger that was made is missed by whoever %s', async (_, deed) => {
    const { a } = await lose(others, (store) => store.runs.enqueue({ requests: [trigger('mine')] }))
    const reply = await deed(a)
    expect(await losses()).toBe('1')
    expect([reply, await renew(a)]).toContainEqual(expect.objectContaining({ lost: expect.objectContaining({ everything: false }) }))
    // And it goes on.
    expect((await a.runs.enqueue({ requests: [trigger('later')] })).replies).toEqual([{ outcome: 'created', id: 'later' }])
    expect(await losses()).toBe('1')
  })
})

it('the first write of a process, of which nothing is left, is missed', async () => {
  const a = await openStore()
  const b = await openStore()
  await register(b)
  await a.now()
  const kept = await keep(server)
  await a.runs.enqueue({ requests: [trigger('mine')] })
  await setBack(server, kept)
  await b.runs.enqueue({ requests: [trigger('of-b')] })
  await a.runs.enqueue({ requests: [trigger('next')] })
  expect(await losses()).toBe('1')
})

describe('fields that processes count in', () => {
  const fields = async (): Promise<readonly string[]> => {
    return ((await ask('HKEYS', META)) as string[]).filter((name) => name.startsWith('own:'))
  }
  const old = (days: number, from: string): Promise<unknown> => {
    const day = Math.floor(Date.now() / DAY_MS) - days
    return ask('HSET', META, `own:${from}`, `7.${day}`)
  }

  it('are not there in what a former version wrote: nothing is missed', async () => {
    const a = await openStore()
    await register(a)
    await ask('HDEL', META, ...(await fields()))
    const b = await openStore()
    await renew(b)
    await b.runs.enqueue({ requests: [trigger('one')] })
    await b.leases.acquire({ bids: [bid('free')] })
    expect(await losses()).toBe('0')
    expect(await fields()).toHaveLength(1)
  })

  it('are dropped a day after the newest write, by whoever opens; whose it was misses nothing, and counts on', async () => {
    const a = await openStore()
    await register(a)
    const [mine = ''] = await fields()
    const count = String(await ask('HGET', META, mine)).split('.')[0]
    await ask('HSET', META, 'moved', String(2 * DAY_MS))
    // Of the days before it and after.
    for (let index = 0; index < 500; index++) await old(2 - (index % 5), String(index))
    for (let index = 0; index < 20; index++) await (await openStore()).close()
    // Of today and of yesterday.
    expect(await fields()).toHaveLength(200)
    expect(await fields()).not.toContain(mine)
    await a.runs.enqueue({ requests: [trigger('one')] })
    expect(await losses()).toBe('0')
    expect(String(await ask('HGET', META, mine)).split('.')[0]).toBe(String(Number(count) + 1))
  })

  it('are found at once, however many there are', async () => {
    await register(await openStore())
    expect(await ask('OBJECT', 'ENCODING', META)).toBe('hashtable')
  })
})
