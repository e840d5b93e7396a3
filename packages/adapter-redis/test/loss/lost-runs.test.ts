/** Rows of runs are deleted by hand, or evicted: what they held, and where they stood, is free once their leases are over. */
import type { EnqueueRequest, RunRecord } from '@quarterjack/core/store'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisStore, type RedisStore } from '../../src/index.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'

const LEASE_MS = 60_000
const EVERY_MS = 1_000
/** What is mended is mended by the server's own clock. */
const SLACK_MS = 5_000
const GATE = 'key:mail/k'

let redis: ConnectedRedis
let store: RedisStore
let prefix: string
let prefixes = 0
/** The store's time, which tests move. */
let now: number

beforeAll(async () => {
  redis = await startConnectedRedis()
})
beforeEach(async () => {
  prefix = `lost-runs-${prefixes++}`
  store = redisStore({ client: redis.client, prefix, hints: false })
  now = Math.ceil(await store.now())
  await store.schedules.register({
    now,
    registrations: [{ job: 'mail', hash: 'h', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [SLOTS()] }],
  })
  await renew('a')
})
afterAll(() => redis?.close())

const SLOTS = () => ({
  job: 'mail',
  name: 'k',
  key: 'k',
  incarnation: 'i',
  spec: '{"everyMs":1000,"kind":"every"}',
  payload: null,
  asOf: now,
  nextSlot: now + EVERY_MS,
  nextDueAt: now + EVERY_MS,
})

const renew = (owner: string) =>
  store.runs.renew({ now, owner, leaseMs: LEASE_MS, jobs: [{ job: 'mail', hash: 'h' }], started: [], progress: [] })
const claimBy = (owner: string) => ({ owner, leaseMs: LEASE_MS, limit: 10, start: 10, seenFence: 0 })
const trigger = (id: string, more: Partial<EnqueueRequest> = {}): EnqueueRequest => {
  const plain = { key: 'k', trigger: 'manual', payload: null, triggers: 1, priority: 0, delayMs: 0 } as const
  return { id, job: 'mail', ...plain, overlap: 'allow', skipWhenBusy: false, gates: [], ...more }
}
const GATED = { overlap: 'queue', gates: [GATE] } as const
const enqueue = async (...requests: readonly EnqueueRequest[]) =>
  (await store.runs.enqueue({ now, requests })).replies.map(({ outcome }) => outcome)
async function claim(owner: string): Promise<readonly string[]> {
  const { runs } = await store.runs.claim({ now, ...claimBy(owner) })
  return runs.map(({ record }) => record.id)
}
async function fire(owner: string, overlap: 'skip' | 'queue' | 'replace'): ReturnType<RedisStore['schedules']['fire']> {
  const [row] = (await store.schedules.get({ schedules: [{ job: 'mail', name: 'k' }] })).schedules
  const slot = row?.nextSlot as number
  now = Math.max(now, slot)
  const next = { expectedSlot: slot, through: slot, nextSlot: slot + EVERY_MS, nextDueAt: slot + EVERY_MS, skips: [] }
  const runs = [{ id: `slot-${slot}`, slot, runAt: slot, priority: 0, overlap, queueLimit: 1, gates: [GATE] }]
  const firings = [{ job: 'mail', name: 'k', incarnation: 'i', generation: 1, ...next, runs }]
  return store.schedules.fire({ now, firings, claim: claimBy(owner) })
}
async function settle(owner: string, run: RunRecord | undefined): Promise<string | undefined> {
  if (run === undefined) throw new Error('nothing was claimed')
  const success = { outcome: 'succeeded', startedAt: now, error: null, then: { to: 'succeeded', result: null } } as const
  const { replies } = await store.runs.settle({ now, owner, settlements: [{ runId: run.id, fence: run.fence, ...success }] })
  return replies[0]?.status
}
const gates = async () => (await store.runs.gates({})).gates.filter(({ held }) => held > 0)
const deleteRuns = () => redis.client.del(`{${prefix}}:runs`)

/** The process that goes on renews meanwhile. */
async function pass(ms: number): Promise<void> {
  for (const endsAt = now + ms; now < endsAt; ) {
    now = Math.min(endsAt, now + LEASE_MS / 2)
    expect(await renew('b')).toMatchObject({ status: 'live' })
  }
}

/** Another process mends what is left, and goes on when the lease of the first is over. */
async function loseRuns(): Promise<void> {
  await deleteRuns()
  await renew('b')
  expect(await renew('b')).toMatchObject({ status: 'live' })
}

describe('a run that held a gate', () => {
  it.each(['trigger', 'slot'])('%s: holds it until its lease is over, and no longer', async (kind) => {
    if (kind === 'slot') await fire('a', 'skip')
    else await enqueue(trigger('one', GATED))
    if (kind === 'trigger') expect(await claim('a')).toEqual(['one'])
    expect(await gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
    await loseRuns()
    await enqueue(trigger('two', GATED))
    await pass(LEASE_MS - SLACK_MS)
    expect(await claim('b')).toEqual([])
    await pass(2 * SLACK_MS)
    expect(await claim('b')).toEqual(['two'])
    expect(await gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
  })

  it.each(['skip', 'queue', 'replace'] as const)('%s: slots go on after it', async (overlap) => {
    await fire('a', overlap)
    // Another waits behind it.
    await enqueue(trigger('waits', GATED))
    await claim('a')
    await loseRuns()
    await pass(LEASE_MS + SLACK_MS)
    for (let slot = 0; slot < 2; slot++) {
      const { replies } = await fire('b', overlap)
      const run = replies[0]?.runs[0]
      expect(run).toMatchObject({ state: 'running', claimed: expect.anything() })
      expect(await settle('b', run?.claimed?.record)).toBe('settled')
    }
    expect(await gates()).toEqual([])
  })

  it('whoever settles it is refused, and frees nothing of what others hold by then', async () => {
    await enqueue(trigger('one', GATED))
    const { runs } = await store.runs.claim({ now, ...claimBy('a') })
    await loseRuns()
    await pass(LEASE_MS + SLACK_MS)
    await enqueue(trigger('two', GATED))
    expect(await claim('b')).toEqual(['two'])
    expect(await settle('a', runs[0]?.record)).toBe('stale')
    expect(await gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
  })
})

describe('runs that stood somewhere', () => {
  const standing: Readonly<Record<string, readonly EnqueueRequest[]>> = {
    'in the line of the job': [trigger('line')],
    'before others': [trigger('first', { priority: 5 })],
    later: [trigger('later', { delayMs: 500 })],
    'at a gate': [trigger('head', GATED), trigger('behind', GATED)],
    debounced: [trigger('joined', { debounce: { waitMs: 500, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } })],
  }
  it.each(Object.entries(standing))('%s: are in nobody’s way', async (_, requests) => {
    for (const request of requests) await enqueue(request)
    await deleteRuns()
    await renew('b')
    await pass(LEASE_MS + SLACK_MS)
    const { jobs } = await store.runs.stats({ now, jobs: ['mail'] })
    expect(jobs[0]).toMatchObject({ pending: 0, waiting: 0, running: 0 })
    expect(await enqueue(trigger('next', { skipWhenBusy: true, overlap: 'skip', gates: [GATE] }))).toEqual(['created'])
    expect(await claim('b')).toEqual(['next'])
  })
})

it('what is left of runs stays as it is, and each is claimed', async () => {
  await enqueue(trigger('a1'), trigger('a2'), trigger('a3'))
  // None has begun, so that nobody is suspect later.
  expect((await store.runs.claim({ now, ...claimBy('a'), start: 0 })).runs).toHaveLength(3)
  for (const id of ['b1', 'b2'])
    await enqueue(trigger(id), trigger(`${id}p`, { priority: 3 }), trigger(`${id}d`, { delayMs: 100 }), trigger(`${id}g`, GATED))
  const gone = ['a2', 'b1', 'b1p', 'b1d', 'b1g']
  await redis.client.hDel(`{${prefix}}:runs`, gone)
  await renew('b')
  await pass(LEASE_MS + SLACK_MS)
  const { runs } = await store.runs.find({ limit: 20 })
  expect(runs.map(({ id }) => id).toSorted()).toEqual(['a1', 'a3', 'b2', 'b2d', 'b2g', 'b2p'])
  expect((await claim('b')).toSorted()).toEqual(['a1', 'a3', 'b2', 'b2d', 'b2g', 'b2p'])
  const { jobs } = await store.runs.stats({ now, jobs: ['mail'] })
  expect(jobs[0]).toMatchObject({ pending: 0, waiting: 0, running: 6 })
})

it('runs of owners whose rows are gone are up for others', async () => {
  await enqueue(trigger('one', GATED))
  expect(await claim('a')).toEqual(['one'])
  await redis.client.del(`{${prefix}}:owners`)
  await renew('b')
  await pass(LEASE_MS + SLACK_MS)
  expect(await claim('b')).toEqual(['one'])
  expect(await gates()).toMatchObject([{ gate: GATE, held: 1, holders: 1 }])
})
