/** What retention and housekeeping leave behind where many rows have gathered: they look at a part of them at a time. */
import type { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'

const NOW = 2_000_000_000_000
const DAY_MS = 86_400_000

let server: PostgresAccess
let own: OwnStore
let pool: Pool
let store: PgStore

beforeAll(async () => {
  server = await obtainPostgres()
})
beforeEach(async () => {
  own = await openOwnStore(server, { max: 2, options: '-c search_path=quarterjack' })
  ;({ store, pool } = own)
})
afterEach(async () => {
  await own.close()
})
afterAll(() => server.close())

const count = async (what: string): Promise<number> =>
  Number((await pool.query<{ n: string }>(`select count(*)::text as n from ${what}`)).rows[0]?.n)

/** Prunes until nothing is left to do; answers how many calls that took. */
async function prune(now: number, given: { readonly succeeded?: number; readonly limit?: number } = {}): Promise<number> {
  const rules = [{ job: 'job', succeeded: given.succeeded ?? 10, dead: 10, forMs: 30 * DAY_MS }]
  for (let calls = 1; ; calls++) {
    const { more } = await store.runs.prune({ rules, limit: given.limit ?? 1_000, now })
    if (!more) return calls
    expect(calls).toBeLessThan(100)
  }
}

describe('mutexes that were released', () => {
  it('are forgotten a minute later, and their fences still grow', async () => {
    const bid = (name: string, now: number) => ({
      bids: [{ name, holder: `of ${name}`, leaseMs: DAY_MS, queue: false, seenFence: 0 }],
      now,
    })
    const acquire = async (name: string, now: number): Promise<number> => {
      const [reply] = (await store.leases.acquire(bid(name, now))).replies
      return reply?.granted === true ? reply.fence : 0
    }
    const before = await acquire('free', NOW)
    await acquire('held', NOW)
    await store.leases.release({ leases: [{ name: 'free', holder: 'of free', fence: before }], now: NOW })
    await prune(NOW + 59_000)
    expect(await count('leases')).toBe(2)
    await prune(NOW + 61_000)
    expect(await count('leases')).toBe(1)
    // Even if the clock went back.
    expect(await acquire('free', NOW - 1_000)).toBeGreaterThan(before)
    expect(await acquire('held', NOW)).toBeGreaterThan(0)
    expect(await count(`leases where holder <> ''`)).toBe(2)
  })
})

describe('commits of windows', () => {
  it('are remembered while their runs run under their fence', async () => {
    await pool.query(`
      insert into jobs (name) values ('refresh');
      insert into runs (id, job_id, key, state, trigger, run_at, created_at, overlap, owner, fence)
      select n, 1, '', 'running', 'manual', 0, 0, 'allow', 'o', 7 from unnest(array['runs', 'claimed-anew']) n;
      insert into window_commits (run_id, fence, rollup_id, starts, seqs)
      select n, case n when 'claimed-anew' then 6 else 7 end, 1, '{0}', '{1}'
      from unnest(array['ended', 'runs', 'claimed-anew']) n, generate_series(1, 2500)`)
    expect(await prune(NOW)).toBeGreaterThan(2)
    expect(await count('window_commits')).toBe(2_500)
    expect(await count(`window_commits where run_id = 'runs'`)).toBe(2_500)
  })
})

describe('gates', () => {
  it('that nobody has held for a day are found among many, a thousand at a time', async () => {
    await pool.query(`
      insert into gates (name, "limit", used_at, held)
      select 'key:job/' || lpad(n::text, 6, '0'), 1, ${NOW} - ${2 * DAY_MS} * (n % 2), (n % 100 = 1)::int from generate_series(1, 40000) n`)
    const calls = await prune(NOW)
    expect(calls).toBeGreaterThan(15)
    expect(await count(`gates where held = 0 and used_at < ${NOW}`)).toBeLessThan(1_000)
    expect(await count(`gates where held = 0 and used_at = ${NOW}`)).toBe(20_000)
    expect(await count('gates where held > 0')).toBe(400)
  })
})

describe('debounces', () => {
  it('without a run and a window are found among many', async () => {
    await pool.query(`
      insert into jobs (name) values ('job');
      insert into debounces (job_id, key, window_ends_at)
      select j.id, n::text, ${NOW} + 1000 * (n % 2) from generate_series(1, 40000) n cross join jobs j`)
    await prune(NOW)
    expect(await count(`debounces where window_ends_at <= ${NOW}`)).toBeLessThan(4_000)
    expect(await count(`debounces where window_ends_at > ${NOW}`)).toBe(20_000)
  })
})

describe('stretches of skipped slots', () => {
  const add = (from: number, to: number, given = '1') =>
    pool.query(`
      insert into skips (schedule_id, job_id, key, reason, from_slot, to_slot, count, spec_generation, finished_at)
      select 1, j.id, 'k' || k, 'misfire', n, n, ${given}, 1, ${NOW} - 1000000 + n * 1000 from generate_series(${from}, ${to}) n
      cross join generate_series(1, 100) k cross join jobs j where j.name = 'job' order by n, k`)
  const kept = async (): Promise<unknown> =>
    (
      await pool.query(
        `select distinct slots from (select array_agg(from_slot::int order by from_slot) as slots from skips group by key) k`,
      )
    ).rows

  beforeEach(async () => {
    await pool.query(`insert into jobs (name) values ('job')`)
  })

  it('are cut to the newest of each key, however small the calls', async () => {
    await add(1, 5)
    expect(await prune(NOW, { succeeded: 2, limit: 70 })).toBeGreaterThan(4)
    expect(await kept()).toEqual([{ slots: [4, 5] }])
    await add(2_000, 2_000)
    await prune(NOW + 2_000_000, { succeeded: 2 })
    expect(await kept()).toEqual([{ slots: [5, 2_000] }])
  })

  it('go with their age, and stay while they are not counted', async () => {
    await add(1, 2)
    await add(3, 3, 'null')
    await prune(NOW + 30 * DAY_MS)
    expect(await kept()).toEqual([{ slots: [3] }])
  })

  it('are looked at again when the rule changes', async () => {
    await add(1, 5)
    await prune(NOW, { succeeded: 5 })
    expect(await kept()).toEqual([{ slots: [1, 2, 3, 4, 5] }])
    await prune(NOW, { succeeded: 1 })
    expect(await kept()).toEqual([{ slots: [5] }])
  })
})

describe('marks of a source that no rollup reads', () => {
  it('are deleted after a day, in batches; those that a rollup reads stay', async () => {
    const definition = { rollup: 'stats', hash: 'h', expectedGeneration: 0, sources: ['read'], edges: 'e', policy: '{}', startAt: 0 }
    await store.windows?.define({ rollups: [definition], now: NOW })
    const marksOf = (source: string, many: number) =>
      Array.from({ length: many }, (_, at) => ({ source, from: at, to: at + 1, kind: 'added' as const }))
    const marks = [...marksOf('another', 10), ...marksOf('read', 10), ...marksOf('unread', 4_500)]
    await store.windows?.mark({ marks, now: NOW })
    await store.windows?.mark({ marks: marksOf('unread', 7), now: NOW + 1_000 })
    await prune(NOW + DAY_MS)
    expect(await count('marks')).toBe(4_527)
    expect(await prune(NOW + DAY_MS + 1)).toBe(3)
    expect(await count(`marks where source = 'read'`)).toBe(10)
    expect(await count(`marks where source = 'unread'`)).toBe(7)
    expect(await count('marks')).toBe(17)
  })
})
