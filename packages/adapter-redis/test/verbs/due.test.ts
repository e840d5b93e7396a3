/** What is due on Redis is divided: what one process was told of, others are not told of for a moment; nothing waits longer. */
import type { ScheduleWrite } from '@quarterjack/core/store'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisStore, type RedisStore } from '../../src/index.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'

const NOW = Date.UTC(2024, 0, 1)
const SLOT = NOW - 1_000
/** What one owner was told of is kept from others for so long. */
const TOLD_FOR_MS = 50

let redis: ConnectedRedis
let client: ConnectedRedis['client']
let store: RedisStore
let prefixes = 0

beforeAll(async () => {
  redis = await startConnectedRedis()
  client = redis.client
})
beforeEach(async () => {
  store = redisStore({ client, prefix: `due-${prefixes++}`, hints: false })
  for (const owner of ['a', 'b']) await renew(owner)
})
afterAll(() => redis?.close())

async function renew(owner: string): Promise<void> {
  const jobs = ['tenant', 'other'].map((job) => ({ job, hash: 'h' }))
  await store.runs.renew({ owner, leaseMs: 60_000, jobs, started: [], progress: [], now: NOW })
}

async function set(job: string, count: number, firstAt = SLOT, stepMs = 0): Promise<void> {
  const schedules = Array.from({ length: count }, (_, index): ScheduleWrite => {
    const name = `k${String(index).padStart(4, '0')}`
    const dueAt = firstAt + index * stepMs
    const id = `00000000-0000-7000-8000-${job.padStart(8, '0')}${String(index).padStart(4, '0')}`
    return { job, name, key: name, incarnation: id, spec: '{}', payload: null, asOf: dueAt - 1, nextSlot: dueAt, nextDueAt: dueAt }
  })
  await store.schedules.set({ schedules, now: NOW })
}

interface Told {
  readonly names: readonly string[]
  readonly nextDueAt: unknown
}

async function due(owner: string, limit: number, now = NOW, aheadMs?: number): Promise<Told> {
  const { schedules, nextDueAt } = await store.schedules.due({ owner, limit, aheadMs, now })
  return { names: schedules.map(({ job, name }) => `${job}/${name}`), nextDueAt }
}

it('two owners are told of different schedules, and of all of them', async () => {
  await set('tenant', 150)
  const [first, second] = [await due('a', 100), await due('b', 100)]
  expect([first.names.length, second.names.length]).toEqual([100, 50])
  expect(new Set([...first.names, ...second.names]).size).toBe(150)
})

it('whoever asks again is told of its own again, and not of what the other was told', async () => {
  await set('tenant', 150)
  const [first] = [await due('a', 100), await due('b', 100)]
  expect((await due('a', 150)).names).toEqual(first.names)
})

it('an owner to whom nothing is left asks again when the others had their time, and is told of everything then', async () => {
  await set('tenant', 100)
  await due('a', 100)
  expect(await due('b', 100)).toEqual({ names: [], nextDueAt: NOW + TOLD_FOR_MS })
  expect((await due('b', 100, NOW + TOLD_FOR_MS)).names).toHaveLength(100)
})

it('what comes due meanwhile, of the same job or of another, is not put off', async () => {
  await set('tenant', 100)
  await due('a', 100)
  await set('other', 1, NOW + 20)
  expect((await due('b', 100)).nextDueAt).toBe(NOW + 20)
  await store.schedules.set({
    schedules: [
      {
        job: 'tenant',
        name: 'soon',
        key: 'soon',
        incarnation: 'i',
        spec: '{}',
        payload: null,
        asOf: NOW,
        nextSlot: NOW + 10,
        nextDueAt: NOW + 10,
      },
    ],
    now: NOW,
  })
  expect((await due('b', 100)).nextDueAt).toBe(NOW + 10)
  expect((await due('b', 100, NOW + 20)).names).toEqual(['tenant/soon', 'other/k0000'])
})

it('who was told and does not live any more keeps nobody waiting longer, nor does a clock that goes back', async () => {
  await set('tenant', 100)
  await due('a', 100)
  expect((await due('b', 100, NOW - 500)).names).toHaveLength(100)
})

it('a few are told to everybody, and so is all to an owner alone', async () => {
  await set('tenant', 49)
  expect([(await due('a', 100)).names.length, (await due('b', 100)).names.length]).toEqual([49, 49])
  await store.runs.leave({ owner: 'b', now: NOW })
  await set('other', 100)
  await due('a', 200)
  await renew('c')
  expect((await due('c', 200)).names).toHaveLength(149)
})

describe('what is due soon', () => {
  const AHEAD_MS = 200
  const SOON = NOW + 100
  const look = (owner: string, now = NOW): Promise<Told> => due(owner, 2_000, now, AHEAD_MS)

  it('is divided evenly, and each is told when its own is due', async () => {
    await set('tenant', 150, SOON)
    const looks = [await look('a'), await look('b')]
    expect(looks.map(({ names, nextDueAt }) => [names.length, nextDueAt])).toEqual([
      [75, SOON],
      [75, SOON],
    ])
    expect(new Set(looks.flatMap(({ names }) => names)).size).toBe(150)
  })

  it('is told whole to an owner alone, and so are a few to everybody', async () => {
    await set('other', 49, SOON)
    expect([(await look('a')).names.length, (await look('b')).names.length]).toEqual([49, 49])
    await store.runs.leave({ owner: 'b', now: NOW })
    await set('tenant', 150, SOON)
    expect((await look('a')).names).toHaveLength(199)
  })

  it('is left to whom it was told of until a moment after its instant, each for itself', async () => {
    await set('tenant', 60, SOON, 1)
    expect((await look('a')).names).toHaveLength(50)
    const told = async (now: number): Promise<number> => (await due('b', 100, now)).names.length
    expect(await look('b', SOON - 1)).toMatchObject({ names: { length: 10 }, nextDueAt: SOON + 50 })
    expect([await told(SOON + 60), await told(SOON + 61)]).toEqual([21, 22])
    expect(await told(SOON + 49 + TOLD_FOR_MS)).toBe(60)
  })

  it('stays divided while an owner fires its part in lots', async () => {
    await set('tenant', 200, SOON)
    const [first, second] = [await look('a'), await look('b')]
    const fired = first.names.slice(0, 60).map((name) => ({ job: 'tenant', name: name.slice('tenant/'.length) }))
    await store.schedules.remove({ schedules: fired })
    expect((await due('b', 500, SOON)).names).toEqual(second.names)
  })
})
