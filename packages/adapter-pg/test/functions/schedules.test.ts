/** Schedules, beyond what every store must do: renaming with all that hangs on a name, large batches, what a look costs. */
import type { EnqueueRequest, Registration, RunRecord, ScheduleRecord, ScheduleWrite } from '@quarterjack/core/store'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { toSetLetter } from '../../src/rows/set-letter.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { enqueueRequest } from '../store/requests.ts'

const NOW = 2_000_000_000_000
const LEASE_MS = 3_600_000

let server: PostgresAccess
let database: Database
/** One session, so that what is planned in it stays planned. */
let session: Pool
let pool: Pool
let store: PgStore

beforeAll(async () => {
  server = await obtainPostgres()
})
beforeEach(async () => {
  database = await server.createDatabase()
  session = new Pool({ ...database.poolSettings, max: 1 })
  pool = new Pool({ ...database.poolSettings, max: 8 })
  store = pgStore({ pool, hints: false })
  await store.open()
})
afterEach(async () => {
  await store.close()
  await Promise.all([session.end(), pool.end()])
  await database.drop()
})
afterAll(() => server.close())

const write = (job: string, name: string, over: Partial<ScheduleWrite> = {}): ScheduleWrite => ({
  job,
  name,
  key: name,
  incarnation: `${job}/${name}`,
  spec: '{"everyMs":1000,"kind":"every"}',
  payload: null,
  asOf: NOW - 10_000,
  nextSlot: NOW - 5_000,
  nextDueAt: NOW - 5_000,
  ...over,
})
const writes = (job: string, count: number, over: Partial<ScheduleWrite> = {}): ScheduleWrite[] =>
  Array.from({ length: count }, (_, index) => write(job, `k${index}`, over))
const set = async (...schedules: readonly ScheduleWrite[]): Promise<readonly string[]> =>
  (await store.schedules.set({ schedules, now: NOW })).replies.map(({ status }) => status)
const definition = (job: string): Registration => ({
  job,
  hash: 'v1',
  expectedGeneration: 0,
  concurrency: null,
  rateLimit: null,
  schedules: [],
})
const define = async (job: string, over: Partial<Registration> = {}): Promise<void> => {
  const { replies } = await store.schedules.register({ registrations: [{ ...definition(job), ...over }], now: NOW })
  expect(replies[0]?.status).toBe('registered')
}
const know = async (owner: string, ...jobs: readonly string[]): Promise<void> => {
  const declared = jobs.map((job) => ({ job, hash: 'v1' }))
  await store.runs.renew({ owner, leaseMs: LEASE_MS, jobs: declared, started: [], progress: [], now: NOW })
}
const due = async (owner: string, limit: number): Promise<readonly ScheduleRecord[]> =>
  (await store.schedules.due({ owner, limit, now: NOW })).schedules
const claim = async (owner: string): Promise<readonly RunRecord[]> => {
  const request = { owner, leaseMs: LEASE_MS, limit: 100, start: 100, seenFence: 0, now: NOW }
  return (await store.runs.claim(request)).runs.map(({ record }) => record)
}
const enqueue = async (id: string, job: string, over: Partial<EnqueueRequest> = {}): Promise<string | undefined> => {
  const { replies } = await store.runs.enqueue({ requests: [enqueueRequest(job, { id, ...over })], now: NOW })
  return replies[0]?.id
}

describe('setting schedules', () => {
  it('answers a batch as if it came one by one', async () => {
    await set(write('a', 'same'), write('a', 'other'))
    expect(
      await set(
        write('a', 'new'),
        write('a', 'same'),
        write('b', 'new'),
        write('a', 'new'),
        write('a', 'new', { payload: '1', asOf: NOW }),
        write('a', 'new', { payload: '2', asOf: NOW - 1 }),
        write('a', 'other', { payload: '1', asOf: NOW }),
        write('a', 'other', { asOf: NOW }),
      ),
    ).toEqual(['created', 'unchanged', 'created', 'unchanged', 'changed', 'stale', 'changed', 'changed'])
    const { schedules } = await store.schedules.get({ schedules: [write('a', 'other')] })
    expect(schedules[0]).toMatchObject({ generation: 3, payload: null })
  })

  it('takes overlapping batches in any order at the same time, with removals between them', async () => {
    const all = writes('a', 300)
    const rounds = Array.from({ length: 24 }, (_, round) => {
      const turned = [...all.slice(round * 11), ...all.slice(0, round * 11)]
      if (round % 6 === 5) return store.schedules.remove({ schedules: turned.slice(0, 100) })
      return set(
        ...turned.map((one) => ({ ...one, incarnation: `${one.name} of ${round}`, payload: String(round % 3), asOf: NOW - 10_000 })),
      )
    })
    const settled = await Promise.allSettled(rounds)
    expect(settled.filter(({ status }) => status === 'rejected')).toEqual([])
    await set(...all)
    expect((await store.schedules.list({ limit: 1_000 })).schedules).toHaveLength(300)
  })
})

describe('what is due', () => {
  it('is shared between jobs: an equal share first, then what others left', async () => {
    await set(...writes('busy', 50), ...writes('some', 3), ...writes('one', 1))
    await know('o', 'busy', 'some', 'one', 'nothing')
    const found = await due('o', 10)
    const count = (job: string): number => found.filter((schedule) => schedule.job === job).length
    expect([count('busy'), count('some'), count('one')]).toEqual([6, 3, 1])
    expect(new Set(found.map(({ job, name }) => `${job}/${name}`)).size).toBe(10)
  })

  it('begins with another job each time when there is not enough for all', async () => {
    await set(...writes('a', 5), ...writes('b', 5), ...writes('c', 5))
    await know('o', 'a', 'b', 'c')
    const seen = new Set<string>()
    for (let round = 0; round < 100 && seen.size < 3; round++) for (const { job } of await due('o', 1)) seen.add(job)
    expect([...seen].sort()).toEqual(['a', 'b', 'c'])
  })
})

describe('what is due to several owners', () => {
  const dueAt = (owner: string, now: number, limit = 100) => store.schedules.due({ owner, limit, now })
  const namesOf = async (owner: string, now: number): Promise<readonly string[]> =>
    (await dueAt(owner, now)).schedules.map(({ name }) => name)

  it('is divided among those that know the job: each has its own, and together they have all', async () => {
    await set(...writes('a', 60, { nextSlot: NOW, nextDueAt: NOW }))
    await know('p', 'a')
    await know('q', 'a', 'b')
    await know('r', 'a')
    await know('other', 'b')
    const shares = [await namesOf('p', NOW), await namesOf('q', NOW), await namesOf('r', NOW)]
    expect(shares.map(({ length }) => length)).toEqual([20, 20, 20])
    expect(new Set(shares.flat()).size).toBe(60)
  })

  it('is for anybody whose own is done, once it was left for a moment; until then the answer tells when to look again', async () => {
    const [mine = '', ...others] = writes('a', 2, { nextSlot: NOW, nextDueAt: NOW }).map(({ name }) => name)
    await set(...[mine, ...others].map((name) => write('a', name, { nextSlot: NOW, nextDueAt: NOW })))
    await know('p', 'a')
    await know('q', 'a')
    const own = await namesOf('p', NOW)
    expect(own).toHaveLength(1)
    const { schedules } = await store.schedules.get({ schedules: own.map((name) => ({ job: 'a', name })) })
    const unreadable = schedules.map((record) => ({ ...record!, expectedSlot: record!.nextSlot, reason: 'out of the way' }))
    await store.schedules.quarantine({ schedules: unreadable })

    const early = await dueAt('p', NOW + 49)
    expect(early.schedules).toEqual([])
    expect(early.nextDueAt).toBeGreaterThanOrEqual(NOW + 50)
    expect(early.nextDueAt).toBeLessThan(NOW + 100)
    expect(await namesOf('p', NOW + 50)).toEqual(await namesOf('q', NOW))
  })

  it('is all for one again when the lease of the others has ended', async () => {
    await set(...writes('a', 10, { nextSlot: NOW, nextDueAt: NOW }))
    await know('p', 'a')
    await know('q', 'a')
    expect(await namesOf('p', NOW)).toHaveLength(5)
    await store.runs.leave({ owner: 'q', now: NOW })
    expect(await namesOf('p', NOW)).toHaveLength(10)
  })
})

describe('what a call reads', () => {
  /** Pages that a call touches, in the session that made its plans when there was nearly nothing. */
  const pagesOf = async (fn: string, request: object): Promise<number> => {
    const { rows } = await session.query<Record<string, [{ Plan: Record<string, number> }]>>(
      `explain (analyze, buffers, format json) select quarterjack.${fn}($1::text::json)::text`.replace(
        '$1',
        () => `'${JSON.stringify(request)}'`,
      ),
    )
    const { Plan: plan } = rows[0]?.['QUERY PLAN']?.[0] ?? { Plan: {} }
    return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
  }
  const dueRequest = { owner: 'o', limit: 100, now: NOW }
  const ref = { job: 'j1', name: 'n777' }
  const calls: readonly (readonly [fn: string, request: object, most: number])[] = [
    ['schedules_due', dueRequest, 1_000],
    ['schedules_set', { ...toSetLetter([write('j1', 'n777', { spec: 'x' })]), now: NOW }, 200],
    ['schedules_get', { schedules: [ref] }, 100],
    ['schedules_list', { job: 'j1', after: ref, limit: 5 }, 100],
    ['schedules_ledger', { ...ref, after: null, limit: 5 }, 100],
    ['schedules_count_skips', { ...ref, counts: [{ id: '1', count: 1 }] }, 100],
    ['schedules_suspend', { targets: [{ ...ref, reason: 'x' }], now: NOW }, 100],
    ['schedules_quarantine', { schedules: [{ ...ref, reason: 'x' }] }, 100],
    ['schedules_load', { jobs: ['j1'] }, 100],
    ['schedules_register', { registrations: [{ ...definition('j1'), schedules: [write('j1', '#0')] }], now: NOW }, 200],
    ['schedules_remove', { schedules: [ref] }, 100],
    ['schedules_retire', { jobs: ['nothing'], now: NOW }, 1_000],
  ]

  it('follows what it asks for, not what is stored, though its plans are older than the rows', async () => {
    const jobs = Array.from({ length: 100 }, (_, index) => `j${index}`)
    await know('o', ...jobs)
    await set(write('j1', 'first'))
    await session.query('analyze')
    for (let round = 0; round < 8; round++) for (const [fn, request] of calls) await pagesOf(fn, request)
    await session.query(`
      insert into quarterjack.schedules (job_id, name, key, incarnation, spec, cursor, next_slot, next_due_at, created_at)
      select 1 + g % 100, 'n' || g, 'n' || g, 'i' || g, 'x', 1, ${NOW + 1_000} + g, ${NOW + 1_000} + g, 1 from generate_series(1, 50000) g`)
    expect((await session.query(`select name from quarterjack.jobs where id = 1 + 777 % 100`)).rows).toHaveLength(1)
    for (const [fn, request, most] of calls)
      expect([fn, await pagesOf(fn, request)]).toEqual([fn, expect.toSatisfy((pages: number) => pages < most)])
  })
})

describe('renaming a job', () => {
  it('takes in what came under the new name before', async () => {
    await define('old', { schedules: [write('old', '#0')] })
    await set(write('old', 'both', { payload: '"old"' }), write('new', 'both', { payload: '"new"' }), write('new', 'early'))
    const debounce = { waitMs: 60_000, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const
    await enqueue('open-old', 'old', { key: 'd', debounce })
    await enqueue('open-new', 'new', { key: 'd', debounce })
    await enqueue('open-early', 'new', { key: 'e', debounce })
    await enqueue('once', 'new', { idempotency: { key: 'i', ttlMs: 60_000 } })
    await know('early', 'new')
    expect((await claim('early')).map(({ id }) => id)).toEqual(['once'])
    await store.schedules.suspend({ targets: [{ job: 'new', reason: 'not yet' }], now: NOW })

    await define('new', { renamedFrom: 'old', schedules: [write('new', '#0')] })

    const { schedules } = await store.schedules.list({ limit: 10 })
    expect(schedules.map(({ job, name, payload }) => [job, name, payload])).toEqual([
      ['new', '#0', null],
      ['new', 'both', '"old"'],
      ['new', 'early', null],
    ])
    const { jobs } = await store.schedules.load({ jobs: ['old', 'new'] })
    expect(jobs).toMatchObject([{ job: 'new', declared: ['v1'], suspended: { reason: 'not yet' } }])
    // Whoever came first takes triggers in.
    expect(await enqueue('more', 'new', { key: 'd', debounce })).toBe('open-old')
    expect(await enqueue('yet-more', 'new', { key: 'e', debounce })).toBe('open-early')
    expect(await enqueue('again', 'new', { idempotency: { key: 'i', ttlMs: 60_000 } })).toBe('once')
    const { runs } = await store.runs.find({ job: 'new', limit: 10 })
    expect(runs.map(({ id, open }) => [id, open]).sort()).toEqual([
      ['once', false],
      ['open-early', true],
      ['open-new', false],
      ['open-old', true],
    ])
  })

  it('keeps what is held and waited for, under the gates of the new name', async () => {
    await define('old', { concurrency: 1 })
    await know('o', 'old')
    const gates = ['job:old', 'key:old/k', 'mutex:m']
    for (const id of ['first', 'second', 'third']) await enqueue(id, 'old', { key: 'k', gates })
    const [first] = await claim('o')
    const settlement = {
      runId: 'first',
      fence: first?.fence ?? 0,
      outcome: 'failed',
      startedAt: NOW,
      error: null,
      holdGates: true,
    } as const
    await store.runs.settle({ owner: 'o', settlements: [{ ...settlement, then: { to: 'dead', reason: 'x' } }], now: NOW })
    expect(await claim('o')).toEqual([])

    await define('new', { renamedFrom: 'old', concurrency: 1 })
    await know('o', 'new')

    expect(await claim('o')).toEqual([])
    const held = (await store.runs.gates({})).gates.filter((gate) => gate.held + gate.waiting > 0)
    expect(held.map(({ gate, held: count, holders }) => [gate, count, holders])).toEqual([
      ['job:new', 1, 1],
      ['key:new/k', 1, 1],
      ['mutex:m', 1, 1],
    ])
    await store.runs.releaseGates({ owner: 'o', runs: [{ runId: 'first', fence: settlement.fence }], now: NOW })
    expect((await claim('o')).map(({ id, gates: names }) => [id, names])).toEqual([['second', ['job:new', 'key:new/k', 'mutex:m']]])
  })

  it('leaves those that know only the former name without the job', async () => {
    await define('old')
    await know('behind', 'old')
    await know('ahead', 'new', 'old')
    await set(write('old', 'k'))
    await define('new', { renamedFrom: 'old' })
    expect(await due('behind', 10)).toEqual([])
    expect((await due('ahead', 10)).map(({ job }) => job)).toEqual(['new'])
    // What is asked of the former name from now on is another job's.
    await enqueue('late', 'old')
    expect((await claim('behind')).map(({ id, job }) => [id, job])).toEqual([['late', 'old']])
  })
})
