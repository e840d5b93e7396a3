/** Slots whose runs are claimed as they are made go in lots, as text. Whatever stands in the way of one of them is decided as ever. */
import type { EnqueueRequest, Firing, FireReply, OverlapPolicy, RunRecord, Settlement } from '@quarterjack/core/store'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisStore, type RedisStore } from '../../src/index.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'

const JOB = 'tenant'
const KEY = 'k/1'
const GATE = `key:${JOB}/${KEY}`
const START = Date.UTC(2024, 0, 1)
const MINUTE = 60_000
const LEASE = 10 * MINUTE
const INCARNATION = '00000000-0000-7000-8000-000000000001'

let redis: ConnectedRedis
let client: ConnectedRedis['client']
let store: RedisStore
let prefix: string
let prefixes = 0
let now: number

beforeAll(async () => {
  redis = await startConnectedRedis()
  client = redis.client
})
beforeEach(async () => {
  prefix = `fire-${prefixes++}`
  store = redisStore({ client, prefix, hints: false })
  now = START
  const jobs = [{ job: JOB, hash: 'h' }]
  await store.runs.renew({ owner: 'a', leaseMs: LEASE, jobs, started: [], progress: [], now })
  const schedule = { job: JOB, name: 'one', key: KEY, incarnation: INCARNATION, spec: '{}', payload: '{"ü":"\\n"}', asOf: now }
  await store.schedules.set({ schedules: [{ ...schedule, nextSlot: now + MINUTE, nextDueAt: now + MINUTE }], now })
})
afterAll(() => redis?.close())

/** A minute later, the slot of that minute. */
async function fire(overlap: OverlapPolicy, limit = 10): Promise<FireReply> {
  now += MINUTE
  const gates = overlap === 'allow' ? [] : [GATE]
  const run = { id: `run-${(now - START) / MINUTE}`, slot: now, runAt: now, priority: 3, overlap, queueLimit: 5, gates }
  const firing: Firing = {
    ...{ job: JOB, name: 'one', incarnation: INCARNATION, generation: 1, expectedSlot: now, through: now },
    ...{ nextSlot: now + MINUTE, nextDueAt: now + MINUTE, runs: [run], skips: [] },
  }
  const claim = { owner: 'a', leaseMs: LEASE, limit, start: 1, seenFence: 0 }
  const { replies } = await store.schedules.fire({ firings: [firing], claim, now })
  return replies[0] as FireReply
}

async function settle({ id, fence }: RunRecord, rest: Partial<Settlement> = {}): Promise<void> {
  const settlement = {
    runId: id,
    fence,
    outcome: 'succeeded',
    startedAt: now,
    error: null,
    then: { to: 'succeeded', result: null },
  } as const
  const { replies } = await store.runs.settle({ owner: 'a', settlements: [{ ...settlement, ...rest }], now })
  expect(replies[0]?.status).toBe('settled')
}

async function enqueue(id: string, priority = 0, rest: Partial<EnqueueRequest> = {}): Promise<void> {
  const request: EnqueueRequest = {
    ...{ id, job: JOB, key: KEY, trigger: 'manual', overlap: 'skip', payload: null },
    ...{ triggers: 1, priority, delayMs: 0, skipWhenBusy: false, gates: [GATE], ...rest },
  }
  await store.runs.enqueue({ requests: [request], now })
}

async function claim(): Promise<readonly string[]> {
  const { runs } = await store.runs.claim({ owner: 'a', leaseMs: LEASE, limit: 10, start: 10, seenFence: 0, now })
  return runs.map(({ record }) => record.id)
}

const claimedOf = (reply: FireReply): RunRecord => reply.runs[0]?.claimed?.record as RunRecord
const stateOf = (reply: FireReply): string => reply.runs.map(({ state, reason }) => [state, reason].join(' ').trim()).join()
const kept = async (id: string): Promise<string> => String(await client.hGet(`{${prefix}}:runs`, id)).charAt(0)

describe.each(['allow', 'skip', 'queue', 'replace'] as const)('the run of a slot, overlap %s', (overlap) => {
  it('is kept as text, is told as it is kept, and ends as others do', async () => {
    const record = claimedOf(await fire(overlap))
    expect(await kept(record.id)).toBe(overlap === 'allow' ? 'R' : 'G')
    expect((await store.runs.get({ ids: [record.id] })).runs).toEqual([record])
    expect(record).toMatchObject({ key: KEY, schedule: 'one', payload: '{"ü":"\\n"}', priority: 3, startedAt: now, state: 'running' })
    await settle(record)
    expect(await kept(record.id)).toBe('S')
    const [ended] = (await store.runs.get({ ids: [record.id] })).runs
    expect(ended).toMatchObject({ state: 'succeeded', gates: record.gates, slot: record.slot, schedule: 'one', owner: null })
    expect((await store.runs.gates({})).gates.filter(({ held }) => held > 0)).toEqual([])
    expect(stateOf(await fire(overlap))).toBe('running')
  })
})

it('whoever waits at the gate of the key is let go when the run ends', async () => {
  const record = claimedOf(await fire('skip'))
  await enqueue('next')
  expect(await claim()).toEqual([])
  expect((await store.runs.get({ ids: ['next'] })).runs[0]?.state).toBe('waiting')
  await settle(record)
  expect(await claim()).toEqual(['next'])
})

it('a slot is skipped while the one before it waits for its next try, though the gate is free', async () => {
  const record = claimedOf(await fire('skip'))
  await settle(record, { outcome: 'failed', then: { to: 'retry', delayMs: 10 * MINUTE } })
  expect(stateOf(await fire('skip'))).toBe('skipped overlap')
})

it('a slot stands behind another run of its key that nobody claimed yet', async () => {
  await enqueue('first', 5)
  expect(stateOf(await fire('queue'))).toBe('pending')
  expect(await claim()).toEqual(['first'])
})

it('a slot stands behind another run of its job that comes first, though nothing bounds them', async () => {
  await enqueue('first', 5, { key: 'other', overlap: 'allow', gates: [] })
  expect(stateOf(await fire('allow'))).toBe('pending')
  expect(await claim()).toEqual(['first', 'run-1'])
})

it('a handler that ended on paper only holds the gate on', async () => {
  await settle(claimedOf(await fire('skip')), { holdGates: true })
  expect(stateOf(await fire('skip'))).toBe('pending')
})

it('a run that finds no room is left to a claim', async () => {
  expect(stateOf(await fire('skip', 0))).toBe('pending')
  expect(await claim()).toEqual(['run-1'])
})

it('a process that dies leaves its runs of slots to others, and the gates with them', async () => {
  const record = claimedOf(await fire('skip'))
  now += LEASE + 1
  await store.runs.renew({ owner: 'b', leaseMs: LEASE, jobs: [{ job: JOB, hash: 'h' }], started: [], progress: [], now })
  const { runs } = await store.runs.claim({ owner: 'b', leaseMs: LEASE, limit: 10, start: 10, seenFence: 0, now })
  expect(runs.map(({ record: { id, attempt, suspect } }) => ({ id, attempt, suspect }))).toEqual([
    { id: record.id, attempt: 2, suspect: true },
  ])
})

describe('a firing that was looked at before, by the clock of the server', () => {
  async function fireIn(ms: number): Promise<{ readonly status: FireReply['status']; readonly lateMs: number }> {
    const asOf = await store.now()
    const slot = asOf + ms
    const schedule = { job: JOB, name: 'soon', key: KEY, incarnation: INCARNATION.replace(/1$/, '2'), spec: '{}', payload: null, asOf }
    await store.schedules.set({ schedules: [{ ...schedule, nextSlot: slot, nextDueAt: slot }] })
    const run = { id: 'soon', slot, runAt: slot, priority: 0, overlap: 'allow', queueLimit: 5, gates: [] } as const
    const firing: Firing = {
      ...{ job: JOB, name: 'soon', incarnation: schedule.incarnation, generation: 1, expectedSlot: slot, through: slot },
      ...{ nextSlot: null, nextDueAt: null, runs: [run], skips: [] },
    }
    const { replies, storeNow } = await store.schedules.fire({ firings: [firing], lookedAt: asOf })
    return { status: replies[0]?.status as FireReply['status'], lateMs: storeNow - slot }
  }

  it('waits for its instant where that is near', async () => {
    const { status, lateMs } = await fireIn(20)
    expect(status).toBe('fired')
    expect(lateMs).toBeGreaterThanOrEqual(0)
  })

  it('is stale at once where it is not', async () => {
    const { status, lateMs } = await fireIn(60_000)
    expect(status).toBe('stale')
    expect(lateMs).toBeLessThan(-30_000)
  })
})
