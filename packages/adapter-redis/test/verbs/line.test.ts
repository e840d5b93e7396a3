/** Triggers wait in the line of their job, in one index instead of three. Whoever looks for them elsewhere finds them all the same: as in the memory store. */
import { memoryStore } from '@quarterjack/core'
import type { EnqueueRequest, RunRecord, Store } from '@quarterjack/core/store'
import { fakeClock } from '@quarterjack/core/testing'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'

const JOB = 'mail'
const START = Date.UTC(2024, 0, 1)
const LEASE = 10_000
const INCARNATION = '00000000-0000-7000-8000-000000000001'

let server: RedisServer
const connect = (url: string) => createClient({ url })
let client: ReturnType<typeof connect>
let prefixes = 0

beforeAll(async () => {
  server = await startRedis({ appendOnly: true, config: ['appendfsync no'] })
  client = connect(server.url)
  client.on('error', () => undefined)
  await client.connect()
})
afterAll(async () => {
  client?.destroy()
  await server?.close()
})

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
]

it.each(HISTORIES)('%s', async (_, history) => {
  const reference = await history(siteOf(memoryStore({ clock: fakeClock(START) })))
  const found = await history(siteOf(redisStore({ client, prefix: `line-${prefixes++}`, hints: false })))
  expect(found).toEqual(reference)
})
