/** Triggers wait in the line of their job, in one index instead of three. Whoever looks for them elsewhere finds them all the same: as in the memory store. */
import { memoryStore } from '@quarterjack/core'
import type { EnqueueRequest, RunRecord, Store } from '@quarterjack/core/store'
import { fakeClock } from '@quarterjack/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'

const JOB = 'mail'
const START = Date.UTC(2024, 0, 1)
const LEASE = 10_000
const INCARNATION = '00000000-0000-7000-8000-000000000001'

let redis: ConnectedRedis
let client: ConnectedRedis['client']
let prefixes = 0

beforeAll(async () => {
  redis = await startConnectedRedis()
  client = redis.client
})
afterAll(() => redis?.close())

/** One store, `at` milliseconds after the start. */
function siteOf(store: Store) {
  return {
    store,
    async appear(owner: string, at = 0): Promise<void> {
      const jobs = [{ job: JOB, hash: 'h' }]
      await store.runs.renew({ owner, leaseMs: LEASE, jobs, started: [], progress: [], now: START + at })
    },
    async add(id: string, at = 0, rest: Partial<EnqueueRequest> = {}): Promise<void> {
      const request: EnqueueRequest = {
        ...{ id, job: JOB, key: '', trigger: 'manual', overlap: 'allow', payload: `"${id}"` },
        ...{ triggers: 1, priority: 0, delayMs: 0, skipWhenBusy: false, gates: [], ...rest },
      }
      await store.runs.enqueue({ requests: [request], now: START + at })
    },
    async claim(limit: number, at = 0, owner = 'a'): Promise<readonly RunRecord[]> {
      const { runs } = await store.runs.claim({ owner, leaseMs: LEASE, limit, start: limit, seenFence: 0, now: START + at })
      return runs.map(({ record }) => record)
    },
    async succeed(runs: readonly RunRecord[], at = 0, owner = 'a'): Promise<readonly string[]> {
      const end = { outcome: 'succeeded', error: null, then: { to: 'succeeded', result: null } } as const
      const settlements = runs.map(({ id, fence, startedAt }) => ({ runId: id, fence, startedAt, ...end }))
      const { replies } = await store.runs.settle({ owner, settlements, now: START + at })
      return replies.map(({ status }) => status)
    },
    async giveBack({ id, fence }: RunRecord, at = 0, owner = 'a'): Promise<void> {
      const released = { runId: id, fence, outcome: 'released', startedAt: null, error: null, then: { to: 'released' } } as const
      await store.runs.settle({ owner, settlements: [released], now: START + at })
    },
    async prune(succeeded: number, { limit = 100, forMs = 1_000_000, at = 0 } = {}): Promise<unknown> {
      return store.runs.prune({ rules: [{ job: JOB, succeeded, dead: 9, forMs }], limit, now: START + at })
    },
    async held(owner = 'a'): Promise<readonly string[]> {
      return (await store.runs.held({ owner })).runs.map(({ id, fence }) => `${id} ${fence}`)
    },
    async all(): Promise<readonly string[]> {
      const { runs } = await store.runs.find({ job: JOB, limit: 100 })
      return runs.map(({ id, state, cancelRequested }) => `${id} ${state} ${cancelRequested ?? ''}`)
    },
    async counts(at = 0): Promise<readonly unknown[]> {
      const { jobs } = await store.runs.stats({ jobs: [JOB], now: START + at })
      return jobs.map(({ pending, running, waiting, oldestDueAt }) => [pending, running, waiting, oldestDueAt])
    },
  }
}
type Site = ReturnType<typeof siteOf>

const ids = (runs: readonly RunRecord[]): readonly string[] => runs.map(({ id }) => id)

/** What a store shows of each history. */
const HISTORIES: readonly [string, (site: Site) => Promise<unknown>][] = [
  [
    'what has a priority goes before them, or behind',
    async ({ appear, add, claim, all }) => {
      await appear('a')
      for (const [id, priority] of Object.entries({ a: 0, b: 5, c: 0, d: -3, e: 5, f: 0 })) await add(id, 1, { priority })
      return [await all(), ids(await claim(1, 2)), ids(await claim(3, 2)), ids(await claim(9, 2)), await all()]
    },
  ],
  [
    'the clock went back: each waits for its own instant, and the newest is still the newest',
    async ({ appear, add, claim, all, counts }) => {
      await appear('a')
      await add('a', 1_000)
      await add('b', 500)
      await add('c', 1_001)
      return [ids(await claim(9, 700)), await counts(700), await all(), ids(await claim(9, 2_000)), await all()]
    },
  ],
  [
    'one is cancelled, the others go on',
    async ({ store, appear, add, claim, all, counts }) => {
      await appear('a')
      for (const id of ['a', 'b', 'c']) await add(id)
      const before = await counts(5)
      const { replies } = await store.runs.cancel({ runs: ['a', 'b'].map((id) => ({ id, reason: 'no need' })), now: START + 5 })
      return [before, replies, await all(), await counts(5), ids(await claim(9, 6)), await counts(7)]
    },
  ],
  [
    'a slot that replaces what runs finds what was triggered',
    async ({ store, appear, add, claim, all }) => {
      await appear('a')
      await add('a', 0, { key: 'k' })
      await add('b', 0, { key: 'other' })
      await claim(9, 1)
      await add('c', 2, { key: 'k' })
      const schedule = { job: JOB, name: 'one', key: 'k', incarnation: INCARNATION, spec: '{}', payload: null, asOf: START }
      await store.schedules.set({ schedules: [{ ...schedule, nextSlot: START + 10, nextDueAt: START + 10 }], now: START + 3 })
      const run = { id: 'slot', slot: START + 10, runAt: START + 10, priority: 0, overlap: 'replace', queueLimit: 1 } as const
      await store.schedules.fire({
        firings: [
          {
            ...{ job: JOB, name: 'one', incarnation: INCARNATION, generation: 1, expectedSlot: START + 10, through: START + 10 },
            ...{ nextSlot: null, nextDueAt: null, runs: [{ ...run, gates: [`key:${JOB}/k`] }], skips: [] },
          },
        ],
        now: START + 10,
      })
      return await all()
    },
  ],
  [
    'a job is retired with all that waits, also what a process left that died',
    async ({ store, appear, add, claim, all, counts }) => {
      await appear('a')
      for (const id of ['a', 'b', 'c', 'd']) await add(id)
      await claim(2, 1)
      await appear('b', 2 * LEASE)
      await store.runs.leave({ owner: 'b', now: START + 2 * LEASE })
      const before = await all()
      const { replies } = await store.schedules.retire({ jobs: [JOB], now: START + 3 * LEASE })
      return [before, replies, await all(), await counts(3 * LEASE)]
    },
  ],
  [
    'what is given back stands before those that came later',
    async ({ store, appear, add, claim, all, counts }) => {
      await appear('a')
      for (const id of ['a', 'b', 'c']) await add(id)
      await claim(1, 1)
      await store.runs.leave({ owner: 'a', now: START + 2 })
      await appear('b', 3)
      return [await counts(3), ids(await claim(2, 4, 'b')), ids(await claim(2, 4, 'b')), await all()]
    },
  ],
  [
    'of those that were claimed together some end, one is given back and claimed again, and the rest is left to others',
    async ({ appear, add, claim, succeed, giveBack, held, all, counts }) => {
      await appear('a')
      for (const id of ['a', 'b', 'c', 'd', 'e']) await add(id)
      const [a, b, c] = await claim(5, 1)
      await succeed([a!], 2)
      await giveBack(b!, 2)
      const again = await claim(5, 3)
      const seen = [ids(again), (await held()).length, await succeed([a!, b!, c!], 4), await succeed(again, 5), await all()]
      await appear('b', 2 * LEASE)
      return [seen, await held('b'), ids(await claim(9, 2 * LEASE, 'b')), await counts(2 * LEASE), await all()]
    },
  ],
  [
    'those that ended together are history one by one',
    async ({ appear, add, claim, succeed, prune, all }) => {
      await appear('a')
      for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await add(id, 0, { key: id < 'f' ? '' : 'k' })
      await succeed(await claim(9, 1), 2)
      const seen = [await prune(4, { limit: 3 }), await all(), await prune(2, { limit: 1 }), await prune(2), await all()]
      return [seen, await prune(2, { forMs: 1, limit: 1, at: 50 }), await prune(2, { forMs: 1, at: 50 }), await all()]
    },
  ],
  [
    'a slot that ended among triggers is pruned in its turn',
    async ({ store, appear, add, claim, succeed, prune, all }) => {
      await appear('a')
      await add('a')
      await add('b')
      const schedule = { job: JOB, name: 'one', key: '', incarnation: INCARNATION, spec: '{}', payload: null, asOf: START }
      await store.schedules.set({ schedules: [{ ...schedule, nextSlot: START + 1, nextDueAt: START + 1 }], now: START })
      const run = { id: 'slot', slot: START + 1, runAt: START + 1, priority: 0, overlap: 'allow', queueLimit: 1, gates: [] } as const
      const firing = { job: JOB, name: 'one', incarnation: INCARNATION, generation: 1, expectedSlot: START + 1, through: START + 1 }
      await store.schedules.fire({ firings: [{ ...firing, nextSlot: null, nextDueAt: null, runs: [run], skips: [] }], now: START + 1 })
      await add('c', 1)
      const [a, b, slot, c] = await claim(9, 2)
      await succeed([a!, slot!, b!, c!], 3)
      return [await all(), await prune(3), await all(), await prune(2), await all(), await prune(1), await all()]
    },
  ],
  [
    'a job that takes a name over takes its history over, one by one',
    async ({ store, appear, add, claim, succeed, prune, all }) => {
      await appear('a')
      for (const id of ['a', 'b', 'c']) await add(id)
      const [a, b, c] = await claim(9, 1)
      await succeed([a!, b!], 2)
      const early = { job: 'early', hash: 'h', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [] }
      await store.schedules.register({ registrations: [early], now: START + 3 })
      const renamed = { ...early, job: JOB, renamedFrom: 'early' }
      const { replies } = await store.schedules.register({ registrations: [renamed], now: START + 4 })
      return [replies.map(({ status }) => status), await all(), await succeed([c!], 5), await prune(1), await all()]
    },
  ],
]

it('nothing stays of what was claimed and ended together', async () => {
  const prefix = `line-${prefixes++}`
  const { store, appear, add, claim, succeed, prune } = siteOf(redisStore({ client, prefix, hints: false }))
  const sizes = async () => {
    const [held, together, lots, filed, aged] = await Promise.all([
      client.zCard(`{${prefix}}:held`),
      client.hLen(`{${prefix}}:heldLots`),
      client.hLen(`{${prefix}}:lots`),
      client.zCard(`{${prefix}}:filed`),
      client.zCard(`{${prefix}}:aged`),
    ])
    return { held, together, lots, filed, aged }
  }
  await appear('a')
  // The first one of a job makes its row, and is a row itself.
  await add('first')
  await succeed(await claim(1, 1), 1)
  for (let id = 0; id < 20; id++) await add(`run-${id}`, 1)
  const runs = await claim(10, 2)
  await claim(10, 2)
  expect(await sizes()).toEqual({ held: 2, together: 2, lots: 0, filed: 1, aged: 1 })
  await succeed(runs, 3)
  expect(await sizes()).toEqual({ held: 1, together: 1, lots: 1, filed: 2, aged: 2 })
  await store.runs.leave({ owner: 'a', now: START + 4 })
  expect(await sizes()).toEqual({ held: 0, together: 0, lots: 1, filed: 2, aged: 2 })
  expect(await prune(4)).toEqual({ pruned: 7, more: false })
  expect(await sizes()).toEqual({ held: 0, together: 0, lots: 1, filed: 1, aged: 1 })
  expect(await prune(0)).toEqual({ pruned: 4, more: false })
  expect(await sizes()).toEqual({ held: 0, together: 0, lots: 0, filed: 0, aged: 0 })
})

it('when indexes are made anew, what is held together is counted run by run', async () => {
  const prefix = `line-${prefixes++}`
  const { appear, add, claim, succeed } = siteOf(redisStore({ client, prefix, hints: false }))
  await appear('a')
  for (let id = 0; id < 15; id++) await add(`run-${id}`)
  await succeed((await claim(10, 1)).slice(0, 3), 2)
  const alive = await client.hGet(`{${prefix}}:meta`, 'alive')
  expect(alive).toBe('12')
  await client.hSet(`{${prefix}}:meta`, 'alive', '0')
  await client.del(`{${prefix}}:jobNumbers`)
  await appear('a', 3)
  expect(await client.hGet(`{${prefix}}:meta`, 'alive')).toBe('12')
})

it.each(HISTORIES)('%s', async (_, history) => {
  const reference = await history(siteOf(memoryStore({ clock: fakeClock(START) })))
  const found = await history(siteOf(redisStore({ client, prefix: `line-${prefixes++}`, hints: false })))
  expect(found).toEqual(reference)
})
