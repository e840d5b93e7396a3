/** A session plans while the tables are empty, and keeps its plans when windows and marks are there by the hundred thousand. */
import { figure } from '@quarterjack/fault-kit/figure'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { type ExplainedSession, openExplainedSession } from '../scale/explained-session.ts'
import { pagesOf, stepsOf, worstOf } from '../scale/measure-verbs.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { enqueueRequest } from '../store/requests.ts'

const IS_FULL = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')
/** So many rollups, each with so many windows on record; so many marks that wait. */
const [ROLLUPS, WINDOWS, MARKS] = IS_FULL ? [1_000, 1_000, 1_000_000] : [200, 500, 100_000]
/** Runs of others under way. */
const RUNS = 20_000
const STEP = 1_000
const LEASE_MS = 600_000_000
const LARGE = new Set(['windows', 'marks', 'runs', 'window_commits', 'history'])

/** Windows of one call. */
const FEW = 20
/** What a call may touch beyond what it did on empty tables: indexes grow deeper. */
const MOST_TIMES = 4
const MOST_MORE = 150
/** What looks at more by nature: dirty and failed windows of a rollup are counted, by their indexes, and one by one where nothing was vacuumed yet; every rollup that reads a source is told. */
const LOOKS_AT_MORE: Readonly<Record<string, number>> = {
  state: 2 * WINDOWS,
  'state of held ones': 2 * WINDOWS,
  collect: 100 + 2 * ROLLUPS,
}

let server: PostgresAccess
let database: Database
let session: ExplainedSession
let store: PgStore
beforeAll(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  session = openExplainedSession(database.poolSettings)
  store = pgStore({ pool: session.pool, hints: false })
  await store.open()
})
afterAll(async () => {
  await store.close()
  await session[Symbol.asyncDispose]()
  await database.drop()
  await server.close()
})

const definition = (n: number) => ({
  ...{ rollup: `r${n}`, hash: 'h', expectedGeneration: 0, sources: [`s${n % 20}`], edges: 'e', policy: '{}', startAt: 0 },
})

/** As the store would have left them: dirty ones, failed ones, and those that were refreshed ahead; marks of all sources. */
const FILL = `
  insert into quarterjack.windows (rollup_id, start_at, end_at, seq, dirty_since, error, retry_at, complete, refreshed_at)
  select u.id, (100 + n) * ${STEP}, (101 + n) * ${STEP}, 1, case when n % 3 > 0 then 1000 + n end, case when n % 3 = 2 then '{"name":"Error","message":"no"}'::json end,
    case when n % 6 = 2 then 1 end, n % 3 = 0, case when n % 3 = 0 then 1 end
  from quarterjack.rollups u cross join generate_series(1, ${WINDOWS}) n;
  insert into quarterjack.marks (source, from_at, to_at, kind, marked_at, parked_until)
  select 's' || n % 20, n * 7, n * 7 + 1, 'changed', 1000 + n, case when n % 10 = 0 then 9000000000000000 end from generate_series(1, ${MARKS}) n;
  insert into quarterjack.marks (source, from_at, to_at, kind, marked_at) select 'unread', n, n + 1, 'added', n from generate_series(1, ${MARKS / 10}) n;
  insert into quarterjack.runs (id, job_id, key, trigger, run_at, created_at, overlap, state, owner, fence)
  select 'crowd ' || n, 1, '', 'manual', n, n, 'allow', 'running', 'crowd', n from generate_series(1, ${RUNS}) n;`

type Pages = Map<string, { readonly pages: number; readonly worst: string; readonly scans: readonly string[] }>

/** Everything that a rollup goes through, once; on windows that begin at `first`. */
async function play(first: number): Promise<Pages> {
  const windows = store.windows
  if (windows === undefined) throw new Error('The store has no windows.')
  const heard: Pages = new Map()
  const watch = async <Result>(verb: string, call: () => Promise<Result>): Promise<Result> => {
    const { result, statements } = await session.hear(call)
    const scans = statements.flatMap(({ text, plan }) =>
      stepsOf(plan)
        .filter((step) => step['Node Type'] === 'Seq Scan' && LARGE.has(step['Relation Name'] ?? ''))
        .map((step) => `${step['Relation Name']}: ${text.trim().slice(0, 200)}`),
    )
    heard.set(verb, { pages: pagesOf(statements.at(-1)?.plan), worst: worstOf(statements), scans })
    return result
  }
  const owner = `o${first}`
  await store.runs.renew({ owner, leaseMs: LEASE_MS, jobs: [{ job: owner, hash: 'h' }], started: [], progress: [] })
  await store.runs.enqueue({ requests: [enqueueRequest(owner)] })
  const { runs } = await store.runs.claim({ owner, leaseMs: LEASE_MS, limit: 1, start: 1, seenFence: 0 })
  const record = runs[0]?.record
  const { states } = await watch('state', () => windows.state({ rollups: [{ rollup: 'r1', limit: FEW }] }))
  const generation = states[0]?.record.generation ?? 0
  const signed = { rollup: 'r1', generation, runId: record?.id ?? '', fence: record?.fence ?? 0 }
  const spans = Array.from({ length: FEW }, (_, n) => ({ start: (first + n) * STEP, end: (first + n + 1) * STEP }))

  await watch('define', () => windows.define({ rollups: [definition(1), definition(2)] }))
  await watch('mark', () =>
    windows.mark({ marks: spans.map(({ start }) => ({ source: 's1', from: start, to: start + 1, kind: 'added' })) }),
  )
  const { sources } = await watch('collect', () => windows.collect({ limit: FEW }))
  const [marked] = (await windows.collect({ sources: ['s1'], limit: FEW })).sources
  expect(sources.length).toBeGreaterThan(0)
  const groups = (marked?.marks ?? []).map(({ id, markedAt }, n) => ({
    ...{ marks: [id], markedAt, removed: false },
    windows: [{ rollup: 'r1', ...(spans[n % FEW] as { start: number; end: number }) }],
  }))
  const drain = { ...{ parked: [], narrowed: [], sealed: [], enqueue: [] }, source: 's1', token: marked?.token ?? '', groups }
  expect((await watch('drain', () => windows.drain({ drains: [drain] }))).replies).toEqual([{ status: 'drained', left: [] }])
  const bids = spans.map((span) => ({ ...span, dueAt: 0, when: 'any' as const }))
  const claim = () => windows.claim({ claims: [{ ...signed, windows: bids }] })
  const [claimed] = (await watch('claim', claim)).replies
  expect(claimed?.windows).toHaveLength(FEW)
  const held = await watch('state of held ones', () => windows.state({ rollups: [{ rollup: 'r1', limit: FEW }] }))
  expect(held.states[0]?.counts.held).toBe(FEW)
  const error = { name: 'Error', message: 'no' }
  await watch('fail', () =>
    windows.fail({ failures: [{ ...signed, windows: spans.map(({ start }) => ({ start, error, retryDelayMs: 1 })) }] }),
  )
  const again = (await claim()).replies[0]?.windows ?? []
  const commit = { ...signed, windows: again.map(({ start, seq }) => ({ start, seq })), marks: [], pace: '{}' }
  for (const verb of ['commit', 'commit, repeated']) {
    expect((await watch(verb, () => windows.commit({ commits: [commit] }))).replies[0]?.status).toBe('committed')
  }
  const watermark = (await windows.state({ rollups: [{ rollup: 'r1', limit: 1 }] })).states[0]?.record.watermark ?? 0
  const pass = { ...signed, expected: watermark, through: watermark, expired: false }
  expect((await watch('pass', () => windows.pass({ passes: [pass] }))).passed).toEqual([true])
  await watch('list', () => windows.list({ rollup: 'r1', from: first * STEP, to: (first + FEW) * STEP, limit: FEW }))

  const backfill = { id: `b${first}`, rollup: 'r1', generation, from: first * STEP, to: (first + 2 * FEW) * STEP }
  const rest = { select: 'all', order: 'oldest', concurrency: 1, windows: 2 * FEW, enqueue: [] } as const
  await watch('backfills.create', () => windows.backfills.create({ backfills: [{ ...backfill, ...rest }] }))
  const stamp = { id: backfill.id, expected: backfill.from, cursor: backfill.from + FEW * STEP, windows: spans }
  expect((await watch('backfills.stamp', () => windows.backfills.stamp({ stamps: [stamp] }))).replies).toEqual(['stamped'])
  await watch('list of a backfill', () => windows.list({ rollup: 'r1', from: 0, to: 1e15, backfill: backfill.id, limit: FEW }))
  await watch('backfills.get', () => windows.backfills.get({ ids: [backfill.id] }))
  await watch('backfills.find', () => windows.backfills.find({ rollup: 'r1', unfinished: true, limit: 10 }))
  const cancel = { id: backfill.id, action: 'cancel', reason: null, enqueue: [] } as const
  expect((await watch('backfills.control', () => windows.backfills.control({ controls: [cancel] }))).changed).toEqual([true])
  return heard
}

describe('over many windows and marks', () => {
  it('every verb goes by index, and touches no more than it needs', async () => {
    await store.windows?.define({ rollups: Array.from({ length: ROLLUPS }, (_, n) => definition(n)) })
    // The session plans while it is known that there are no runs.
    await session.pool.query('vacuum analyze quarterjack.runs')
    await session.pool.query('discard plans')
    await play(20)
    const small = await play(50)
    await using pool = Object.assign(new Pool({ ...database.poolSettings, max: 1 }), {
      [Symbol.asyncDispose](this: Pool) {
        return this.end()
      },
    })
    await pool.query(FILL)
    const large = await play(80 + WINDOWS)
    const afresh = await play(WINDOWS - FEW)
    figure(
      'pages of window verbs',
      Object.fromEntries([...large].map(([verb, { pages }]) => [verb, `${small.get(verb)?.pages} → ${pages}`])),
    )
    for (const heard of [small, large, afresh])
      expect([...heard].flatMap(([verb, { scans }]) => scans.map((scan) => `${verb}: ${scan}`))).toEqual([])
    const beyond = [...large, ...afresh].flatMap(([verb, { pages, worst }]) => {
      const before = small.get(verb)?.pages ?? 0
      return pages > before * MOST_TIMES + MOST_MORE + (LOOKS_AT_MORE[verb] ?? 0)
        ? [`${verb}: ${pages} pages; ${before} when small\n${worst}`]
        : []
    })
    expect(beyond).toEqual([])
  })

  it('what is counted for a rollup is counted up to a bound', async () => {
    await store.windows?.define({ rollups: [{ ...definition(0), rollup: 'far behind' }] })
    await session.pool.query(`insert into quarterjack.windows (rollup_id, start_at, end_at, seq, dirty_since)
      select u.id, n * ${STEP}, (n + 1) * ${STEP}, 1, 1000 + n from quarterjack.rollups u cross join generate_series(1, 12000) n where u.name = 'far behind'`)
    const { states } = (await store.windows?.state({ rollups: [{ rollup: 'far behind', limit: 1 }] })) ?? { states: [] }
    expect(states[0]).toMatchObject({
      counts: { dirty: 10_000, failed: 0, held: 0, suspect: 0 },
      dirty: [{ start: STEP, dirtySince: 1_001 }],
    })
  })
})
