/** What is special about windows on Redis: many records go in steps, nothing is left behind, and edges sort whatever their sign. */
import type { BackfillRequest, EnqueueRequest, WindowStore } from '@quarterjack/core/store'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { redisStore, type RedisStore } from '../../src/index.ts'
import { type ConnectedRedis, startConnectedRedis } from '../servers/connected-redis.ts'

const HOUR = 3_600_000
const FIRST = Date.UTC(1969, 11, 31)
/** More than any script takes at once. */
const MANY = 2_500
const NOW = Date.UTC(2024, 0, 1)

let redis: ConnectedRedis
let client: ConnectedRedis['client']
let store: RedisStore
let windows: WindowStore
let prefixes = 0

beforeAll(async () => {
  redis = await startConnectedRedis()
  client = redis.client
})
beforeEach(() => {
  store = redisStore({ client, prefix: `windows-${prefixes++}`, hints: false })
  windows = store.windows as WindowStore
})
afterAll(() => redis?.close())

const hour = (number: number): { readonly start: number; readonly end: number } => ({
  start: FIRST + number * HOUR,
  end: FIRST + (number + 1) * HOUR,
})
const hours = (count: number): readonly { readonly start: number; readonly end: number }[] =>
  Array.from({ length: count }, (_, number) => hour(number))

async function define(edges: string, expectedGeneration = 0): Promise<number> {
  const rollup = { rollup: 'sums', hash: edges, expectedGeneration, sources: ['calls'], edges, policy: '{}', startAt: FIRST }
  return (await windows.define({ rollups: [rollup], now: NOW })).replies[0]?.generation ?? 0
}

/** Makes windows dirty by way of one mark. */
async function soil(count: number): Promise<void> {
  await windows.mark({ marks: [{ source: 'calls', from: FIRST, to: FIRST + 1, kind: 'added' }], now: NOW })
  const [found] = (await windows.collect({ limit: 10, now: NOW })).sources
  const marks = found?.marks.map(({ id }) => id) ?? []
  const group = { marks, markedAt: NOW, removed: false, windows: hours(count).map((window) => ({ rollup: 'sums', ...window })) }
  const drain = { source: 'calls', token: found?.token ?? '', groups: [group], parked: [], narrowed: [], sealed: [], enqueue: [] }
  expect((await windows.drain({ drains: [drain], now: NOW })).replies).toEqual([{ status: 'drained', left: [] }])
}

/** A run that holds the windows. */
async function hold(
  generation: number,
  count: number,
): Promise<{ readonly rollup: string; readonly generation: number; readonly runId: string; readonly fence: number }> {
  await store.runs.renew({ owner: 'a', leaseMs: 60_000, jobs: [{ job: 'refresh', hash: 'h' }], started: [], progress: [], now: NOW })
  const request: EnqueueRequest = {
    ...{ id: 'run-1', job: 'refresh', key: '', trigger: 'manual', overlap: 'allow', payload: null },
    ...{ triggers: 1, priority: 0, delayMs: 0, skipWhenBusy: false, gates: [] },
  }
  await store.runs.enqueue({ requests: [request], now: NOW })
  const { runs } = await store.runs.claim({ owner: 'a', leaseMs: 60_000, limit: 1, start: 1, seenFence: 0, now: NOW })
  const refresher = { rollup: 'sums', generation, runId: 'run-1', fence: runs[0]?.record.fence ?? 0 }
  const bids = hours(count).map((window) => ({ ...window, dueAt: window.end, when: 'any' as const }))
  const { replies } = await windows.claim({ claims: [{ ...refresher, windows: bids }], now: NOW })
  expect(replies[0]?.windows).toHaveLength(count)
  return refresher
}

const stateOf = async () => (await windows.state({ rollups: [{ rollup: 'sums', limit: MANY + 1 }], now: NOW })).states[0]
const listAll = async () => (await windows.list({ rollup: 'sums', from: -8.64e15, to: 8.64e15, limit: MANY + 1 })).windows

/** Members of every key of windows, by its name; those that are empty are left out. */
async function sizes(): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {}
  const tag = `{windows-${prefixes - 1}}:`
  for (const key of await client.keys(`${tag.replaceAll(/[{}]/g, '?')}*`)) {
    const name = key.slice(tag.length)
    if (!/^(rollup|mark|source|parked|reader|backfill|openBackfill)/i.test(name)) continue
    found[name] = (await client.type(key)) === 'hash' ? await client.hLen(key) : await client.zCard(key)
  }
  return found
}

it('other edges: all records go, however many there are', async () => {
  const generation = await define('1h')
  await soil(MANY)
  expect((await stateOf())?.counts.dirty).toBe(MANY)
  await define('2h', generation)
  expect(await listAll()).toEqual([])
  expect((await stateOf())?.counts).toEqual({ dirty: 0, held: 0, failed: 0, suspect: 0 })
  expect(await sizes()).toEqual({ rollups: 1, readers: 1 })
})

it('forgotten rollups leave nothing behind', async () => {
  const generation = await define('1h')
  await soil(MANY)
  await hold(generation, 3)
  expect((await windows.forget({ rollups: ['sums'] })).forgotten).toEqual([true])
  await store.runs.leave({ owner: 'a', now: NOW })
  await define('1h')
  await stateOf()
  expect(await sizes()).toEqual({ rollups: 1, readers: 1 })
})

it('a cancelled backfill takes its stamps off, however many there are', async () => {
  const generation = await define('1h')
  const backfill: BackfillRequest = {
    ...{ id: 'all', rollup: 'sums', generation, from: FIRST, to: FIRST + MANY * HOUR, select: 'all', order: 'oldest' },
    ...{ concurrency: 1, windows: MANY, enqueue: [] },
  }
  await windows.backfills.create({ backfills: [backfill], now: NOW })
  const stamp = { id: 'all', expected: FIRST, cursor: FIRST + MANY * HOUR, windows: hours(MANY) }
  expect((await windows.backfills.stamp({ stamps: [stamp], now: NOW })).replies).toEqual(['stamped'])
  expect(await listAll()).toHaveLength(MANY)
  const cancel = { id: 'all', action: 'cancel' as const, reason: 'enough', enqueue: [] }
  expect((await windows.backfills.control({ controls: [cancel], now: NOW })).changed).toEqual([true])
  expect(await listAll()).toEqual([])
  expect(await sizes()).toEqual({ rollups: 1, readers: 1, backfills: 1, backfillOrder: 1, rollupBackfills: 1 })
})

it('many records that are past what is kept go in one pass', async () => {
  const generation = await define('1h')
  await soil(MANY)
  const pass = { rollup: 'sums', generation, expected: FIRST, through: hour(MANY - 1).start, expired: true }
  expect((await windows.pass({ passes: [pass], now: NOW })).passed).toEqual([true])
  const state = await stateOf()
  expect(state?.record.watermark).toBe(pass.through)
  expect(state?.dirty.map(({ start }) => start)).toEqual([pass.through])
})

it('whatever a run held is free when it ends, however much it was', async () => {
  const generation = await define('1h')
  const refresher = await hold(generation, MANY)
  expect((await stateOf())?.counts).toEqual({ dirty: MANY, held: MANY, failed: 0, suspect: 0 })
  await store.runs.leave({ owner: 'a', now: NOW })
  // So many per call.
  for (let call = 0; call < 2; call++) await stateOf()
  const state = await stateOf()
  expect(state?.counts).toEqual({ dirty: MANY, held: 0, failed: 0, suspect: 0 })
  expect(state?.dirty.map(({ start }) => start)).toEqual(hours(MANY).map(({ start }) => start))
  const commit = { ...refresher, windows: [{ start: FIRST, seq: 0 }], marks: [] }
  expect((await windows.commit({ commits: [commit], now: NOW })).replies[0]?.status).toBe('stale')
  expect((await sizes()).rollupFreed).toBeUndefined()
})

it('what was committed is remembered while the run lasts, and no longer', async () => {
  const generation = await define('1h')
  const refresher = await hold(generation, 2)
  const commit = { ...refresher, windows: hours(2).map(({ start }) => ({ start, seq: 0 })), marks: [] }
  for (let time = 0; time < 2; time++) {
    expect((await windows.commit({ commits: [commit], now: NOW })).replies).toEqual([{ status: 'committed', watermark: hour(2).start }])
  }
  expect((await sizes()).rollupCommits).toBe(1)
  await store.runs.leave({ owner: 'a', now: NOW })
  await stateOf()
  expect(await sizes()).toEqual({ rollups: 1, readers: 1 })
})

it('of the backfills of a rollup the newest are kept', async () => {
  const generation = await define('1h')
  for (let number = 0; number < 205; number++) {
    const backfill: BackfillRequest = {
      ...{ id: `b-${number}`, rollup: 'sums', generation, from: FIRST, to: hour(1).start, select: 'all', order: 'oldest' },
      ...{ concurrency: 1, windows: 1, enqueue: [] },
    }
    await windows.backfills.create({ backfills: [backfill], now: NOW })
    await windows.backfills.control({ controls: [{ id: backfill.id, action: 'cancel', reason: null, enqueue: [] }], now: NOW })
  }
  const { backfills } = await windows.backfills.find({ rollup: 'sums', limit: 1_000 })
  expect(backfills.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, index) => `b-${204 - index}`))
})

it.each([
  'rollupWindows',
  'rollupStarts',
  'rollupDirty rollupStarts rollupOpen',
  'marks',
  'markOrder',
  'sources',
  'readers sources',
  'rollups',
  'backfillOrder openBackfills',
])('deleted by hand: %s; the next renewal puts in order what is left', async (names) => {
  const generation = await define('1h')
  await soil(10)
  const refresher = await hold(generation, 2)
  const backfill: BackfillRequest = {
    ...{ id: 'b', rollup: 'sums', generation, from: FIRST, to: hour(5).start, select: 'all', order: 'oldest' },
    ...{ concurrency: 1, windows: 5, enqueue: [] },
  }
  await windows.backfills.create({ backfills: [backfill], now: NOW })
  for (const at of [1, 2]) await windows.mark({ marks: [{ source: 'calls', from: at, to: at + 1, kind: 'added' }], now: NOW })
  const look = async () => ({
    state: await stateOf(),
    backfills: (await windows.backfills.find({ unfinished: true, limit: 10 })).backfills,
    marks: (await windows.collect({ limit: 10, now: NOW })).sources.flatMap(({ marks }) => marks),
  })
  const before = await look()
  expect(before.marks).toHaveLength(2)
  expect(await client.del(names.split(' ').map((name) => `{windows-${prefixes - 1}}:${name}`))).toBe(names.split(' ').length)
  await store.runs.renew({ owner: 'other', leaseMs: 60_000, jobs: [], started: [], progress: [], now: NOW })
  const after = await look()
  if (names === 'rollups') {
    expect(after).toEqual({ state: null, backfills: [], marks: [] })
    await define('1h')
    expect(await listAll()).toEqual([])
    expect((await look()).marks).toEqual(before.marks)
  } else if (names === 'marks') {
    expect(after).toEqual({ ...before, state: { ...before.state, hasMarks: false }, marks: [] })
  } else if (names === 'rollupWindows') {
    expect(after.state?.counts).toEqual({ dirty: 0, held: 0, failed: 0, suspect: 0 })
    expect(after.marks).toEqual(before.marks)
  } else {
    expect(after).toEqual(before)
    const commit = { ...refresher, windows: [{ start: FIRST, seq: 1 }], marks: [] }
    expect((await windows.commit({ commits: [commit], now: NOW })).replies[0]?.status).toBe('committed')
  }
})
