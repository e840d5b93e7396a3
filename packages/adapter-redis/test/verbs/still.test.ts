/** Renewals tell whether anything else was written since: idle processes need not look then. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { redisStore, type RedisStore } from '../../src/index.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'

let redis: ConnectedRedis
let client: ConnectedRedis['client']
let store: RedisStore
let other: RedisStore
let prefixes = 0

beforeAll(async () => {
  redis = await startConnectedRedis()
  client = redis.client
})
beforeEach(async () => {
  const prefix = `still-${prefixes++}`
  store = redisStore({ client, prefix, hints: false })
  other = redisStore({ client, prefix, hints: false })
  await begin('a', store)
  await begin('b', other)
  await isStill('a')
  await isStill('b', other)
})
afterAll(() => redis?.close())

const request = { leaseMs: 60_000, started: [], progress: [] }

async function begin(owner: string, by: RedisStore): Promise<void> {
  await by.runs.renew({ ...request, owner, jobs: [{ job: 'mail', hash: 'h' }] })
}

/** `now`: where it matters when that is. */
async function isStill(owner: string, by: RedisStore = store, now?: number): Promise<boolean | undefined> {
  return (await by.runs.renew({ ...request, owner, ...(now === undefined ? {} : { now }) })).still
}

it('while all that is written is renewals, each tells so, whoever renews', async () => {
  for (let round = 0; round < 3; round++) {
    expect(await isStill('a')).toBe(true)
    expect(await isStill('b', other)).toBe(true)
  }
})

it('every owner is told of what was written by others, once', async () => {
  const asOf = Date.UTC(2024, 0, 1)
  const due = { asOf, nextSlot: asOf + 1, nextDueAt: asOf + 1 }
  const id = '00000000-0000-7000-8000-000000000000'
  await other.schedules.set({ schedules: [{ job: 'mail', name: 'daily', key: '', incarnation: id, spec: '{}', payload: null, ...due }] })
  expect(await isStill('a')).toBe(false)
  expect(await isStill('b', other)).toBe(false)
  expect(await isStill('a')).toBe(true)
  expect(await isStill('b', other)).toBe(true)
})

it('an owner that comes, goes, or declares something else is news', async () => {
  await begin('c', other)
  expect(await isStill('a')).toBe(false)
  expect(await isStill('a')).toBe(true)
  await begin('c', other)
  expect(await isStill('a')).toBe(false)
  await other.runs.leave({ owner: 'c' })
  expect(await isStill('a')).toBe(false)
  expect(await isStill('a')).toBe(true)
})

it('so is one that died', async () => {
  await other.runs.renew({ ...request, owner: 'c', leaseMs: 30, jobs: [] })
  await isStill('a')
  const after = (await store.now()) + 31
  // This very renewal finds it, and counts as more than one.
  expect(await isStill('a', store, after)).toBe(false)
  expect(await isStill('b', other, after)).toBe(false)
  expect(await isStill('a', store, after)).toBe(true)
})

it('a server that lost its writes is news', async () => {
  await client.flushAll()
  expect(await isStill('a')).not.toBe(true)
})
