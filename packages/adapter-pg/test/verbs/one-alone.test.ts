/** A trigger and a claim that are alone go short ways: what comes of them is the same. */
import type { EnqueueRequest } from '@quarterjack/core/store'
import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type PgStore, pgStore } from '../../src/index.ts'
import { openExplainedSession } from '../scale/explained-session.ts'
import { rowsOf } from '../scale/measure-verbs.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'
import { enqueueRequest } from '../store/requests.ts'

const CLAIM = { owner: 'o', leaseMs: 60_000, seenFence: 0, limit: 10, start: 10 }

let server: PostgresAccess
let own: OwnStore
let pool: Pool
let store: PgStore
beforeAll(async () => {
  server = await obtainPostgres()
  own = await openOwnStore(server)
  ;({ store, pool } = own)
  await store.runs.renew({ owner: 'o', leaseMs: 60_000, jobs: [{ job: 'mail', hash: 'h' }], started: [], progress: [] })
})
beforeEach(async () => void (await pool.query('truncate quarterjack.runs, quarterjack.history')))
afterAll(async () => {
  await own.close()
  await server.close()
})

it.each<Partial<EnqueueRequest>>([
  {},
  { payload: null },
  { payload: '' },
  { payload: JSON.stringify({ text: "a\\u0000b \0 \uD800 \uE000 \u{1F600} '" }) },
  { key: 'k' },
  { key: "it's \uE000" },
  { priority: -3 },
  { overlap: 'skip' },
  { trigger: 'debounce' },
  { triggers: 4 },
  { replayOf: 'other' },
  { trace: '{"requestId":"r"}' },
  { gates: ['mutex:m'] },
])('a trigger with %o is claimed as it was written', async (given) => {
  const request = enqueueRequest('mail', { payload: '{"n":1}', ...given })
  expect((await store.runs.enqueue({ requests: [request] })).replies).toEqual([{ outcome: 'created', id: request.id }])
  const { id, job, key, trigger, payload, triggers, priority, overlap, gates, replayOf = null, trace = null } = request
  const { runs, nextRunAt } = await store.runs.claim(CLAIM)
  expect(nextRunAt).toBeNull()
  expect(runs.map(({ record }) => record)).toEqual((await store.runs.get({ ids: [id] })).runs)
  const asked = { id, job, key, trigger, payload, triggers, priority, overlap, gates, replayOf, trace }
  expect(runs).toMatchObject([{ started: true, record: { ...asked, state: 'running', attempt: 1, owner: 'o' } }])
})

it('a trigger that is repeated makes nothing, whatever has become of its run', async () => {
  const request = enqueueRequest('mail')
  const repeat = async (): Promise<unknown> => {
    const { replies } = await store.runs.enqueue({ requests: [request] })
    expect(replies).toEqual([{ outcome: 'created', id: request.id }])
    return (await pool.query('select 1 from quarterjack.runs')).rowCount
  }
  expect(await repeat()).toBe(1)
  expect(await repeat()).toBe(1)
  const { runs } = await store.runs.claim(CLAIM)
  const settlements = runs.map(({ record: { id: runId, fence } }) => ({
    ...{ runId, fence, outcome: 'succeeded' as const, startedAt: null, error: null, then: { to: 'succeeded' as const, result: null } },
  }))
  await store.runs.settle({ owner: 'o', settlements })
  expect(await repeat()).toBe(0)
})

it('a job that nobody has named before is known from its first trigger on', async () => {
  const request = enqueueRequest('new')
  await store.runs.enqueue({ requests: [request] })
  expect((await store.runs.get({ ids: [request.id] })).runs).toMatchObject([{ job: 'new', state: 'pending' }])
})

it('a run is left alone that is not due, of a suspended job, or beyond the limit', async () => {
  await store.runs.enqueue({ requests: [enqueueRequest('mail', { delayMs: 60_000 })] })
  const early = await store.runs.claim(CLAIM)
  expect(early.runs).toEqual([])
  expect(early.nextRunAt).toBeGreaterThan(early.storeNow)
  await pool.query('truncate quarterjack.runs')
  await store.runs.enqueue({ requests: [enqueueRequest('mail')] })
  expect((await store.runs.claim({ ...CLAIM, limit: 0 })).runs).toEqual([])
  expect((await store.runs.claim({ ...CLAIM, perJob: { mail: 0 } })).runs).toEqual([])
  await pool.query(`update quarterjack.jobs set suspended_at = 1 where name = 'mail'`)
  expect((await store.runs.claim(CLAIM)).runs).toEqual([])
  await pool.query(`update quarterjack.jobs set suspended_at = null where name = 'mail'`)
  expect((await store.runs.claim(CLAIM)).runs).toHaveLength(1)
})

it('what stands in line of jobs that are not known here is not looked at', async () => {
  const crowd = `insert into quarterjack.runs (id, job_id, key, trigger, run_at, created_at, overlap)
    select j.name || n, j.id, '', 'manual', 0, 0, 'allow' from generate_series(1, 2000) n cross join quarterjack.jobs j where j.name <> 'mail'`
  await using session = openExplainedSession(own.poolSettings)
  const explained = pgStore({ pool: session.pool, hints: false })
  await explained.open()
  for (const jobs of [[], ['aaa', 'zzz']]) {
    await pool.query(`insert into quarterjack.jobs (name) select unnest($1::text[])`, [jobs])
    if (jobs.length > 0) await pool.query(crowd)
    await store.runs.enqueue({ requests: [enqueueRequest('mail')] })
    const { result, statements } = await session.hear(() => explained.runs.claim(CLAIM))
    expect(result.runs).toMatchObject([{ record: { job: 'mail' } }])
    expect(statements.reduce((sum, { plan }) => sum + rowsOf(plan), 0)).toBeLessThan(50)
  }
  await explained.close()
})

it('many who are woken for one run start it once', async () => {
  await store.runs.enqueue({ requests: [enqueueRequest('mail')] })
  const claims = await Promise.all(Array.from({ length: 4 }, () => store.runs.claim(CLAIM)))
  expect(claims.flatMap(({ runs }) => runs)).toHaveLength(1)
})
