/** Writers whose transactions stay open, drainers and refreshers on connections of their own, some of them killed: no mark is lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { claimDirty, drainOnce, expire, prepareSite, refresh, ROLLUPS, startWorker, windowsOf, write, wrongTotals } from './refresh-site.ts'

const TURNS = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '') ? 400 : 50
const WRITERS = 8

let server: PostgresAccess
let database: Database
let pool: Pool
let store: PgStore<PoolClient>
let generations: ReadonlyMap<string, number>

beforeEach(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 24 })
  pool.on('error', () => undefined)
  // Connections that are killed while a test has them.
  pool.on('connect', (client) => client.on('error', () => undefined))
  store = pgStore({ pool, hints: false })
  generations = await prepareSite(store, pool)
})
afterEach(async () => {
  await store.close()
  await pool.end()
  await database.drop()
  await server.close()
})

const workOn = (rollup: string, most = 4) => ({ rollup, generation: generations.get(rollup) ?? 0, most })
const deadlocks = async (): Promise<number> =>
  Number((await pool.query('select deadlocks from pg_stat_database where datname = current_database()')).rows[0]?.deadlocks)
const kill = (client: PoolClient): Promise<unknown> =>
  client.query('select pg_backend_pid() as pid').then(({ rows }) => pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]))

describe('marks, drains and refreshes at once', () => {
  it('lose no mark, and never wait for each other in a circle, whoever is killed', async () => {
    let isWriting = true
    const said = { committed: 0, stale: 0, redefined: 0, thrown: 0 }
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let turn = 0; turn < TURNS; turn++) await write(store, pool, writer * TURNS + turn + 1)
    })
    const drainer = async (limit: number): Promise<void> => {
      while (isWriting) if ((await drainOnce(windowsOf(store), limit)) === 0) await sleep(2)
    }
    const refresher = async (number: number): Promise<void> => {
      for (let life = 0; isWriting; life++) {
        const worker = await startWorker(store, `${number}-${life}`)
        for (let turn = 0; isWriting; turn++) {
          const commit = await claimDirty(store, worker, workOn(ROLLUPS[(turn + number) % 2] ?? ''))
          if (commit === null) continue
          // Some end with their connection, some sleep through their lease, and go on then.
          const isKilled = (turn + number * 3) % 13 === 12
          const isLate = (turn + number * 5) % 17 === 16
          const status = await refresh(store, commit, (client) =>
            isKilled ? kill(client) : isLate ? expire(store, worker) : sleep(2),
          ).catch(() => 'thrown' as const)
          said[status]++
          if (status === 'committed') continue
          await expire(store, worker)
          break
        }
      }
    }
    const others = [drainer(5), drainer(9), refresher(0), refresher(1), refresher(2)]
    await Promise.all(writers)
    isWriting = false
    await Promise.all(others)

    // What is left is done in peace.
    while ((await drainOnce(windowsOf(store), 1_000)) > 0);
    const last = await startWorker(store, 'last')
    await until('nothing is dirty', async () => {
      for (const rollup of ROLLUPS) {
        const commit = await claimDirty(store, last, workOn(rollup, 100))
        if (commit !== null) await refresh(store, commit, () => sleep(0))
      }
      const { states } = await windowsOf(store).state({ rollups: ROLLUPS.map((rollup) => ({ rollup, limit: 1 })) })
      return states.every((state) => state?.counts.dirty === 0 && !state.hasMarks)
    })
    expect(await wrongTotals(pool)).toEqual([])
    expect(await deadlocks()).toBe(0)
    expect(said.committed).toBeGreaterThan(10)
    expect(said.thrown).toBeGreaterThan(0)
  })

  it('a drain does not wait for a refresh whose commit hangs: its marks stay in the log', async () => {
    const [worker, other] = [await startWorker(store, 'slow'), await startWorker(store, 'quick')]
    const windows = windowsOf(store)
    const mark = (n: number) => windows.mark({ marks: [{ source: 'calls', from: n * 1_000, to: n * 1_000 + 1, kind: 'added' }] })
    await mark(0)
    await mark(1)
    await drainOnce(windows, 10)
    const commit = await claimDirty(store, worker, workOn('hourly', 1))
    if (commit === null) throw new Error('Nothing was dirty.')
    // The record is made, and COMMIT does not come.
    const client = await pool.connect()
    await client.query('begin')
    await client.query('select quarterjack.commits_refresh($1::json)', [
      JSON.stringify({ transaction: (await client.query('select pg_current_xact_id()::text as at')).rows[0]?.at, commit }),
    ])
    await mark(0)
    await mark(1)
    const { sources } = await windows.collect({ limit: 10 })
    const groups = (sources[0]?.marks ?? []).map(({ id, from, markedAt }) => ({
      ...{ marks: [id], markedAt, removed: false },
      windows: ROLLUPS.map((rollup) => ({ rollup, start: from, end: from + 1_000 })),
    }))
    const drain = { ...{ parked: [], narrowed: [], sealed: [], enqueue: [] }, source: 'calls', token: sources[0]?.token ?? '', groups }
    const startedAt = performance.now()
    const { replies } = await windows.drain({ drains: [drain] })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(replies).toEqual([{ status: 'drained', left: groups[0]?.marks }])
    // Nor does whoever claims other windows, or looks at all of them.
    expect((await claimDirty(store, other, workOn('hourly', 10)))?.windows.map(({ start }) => start)).toEqual([1_000])
    await client.query('commit')
    client.release()
    expect((await windows.collect({ limit: 10 })).sources[0]?.marks.map(({ id }) => id)).toEqual(groups[0]?.marks)
    await drainOnce(windows, 10)
    expect((await windows.state({ rollups: [{ rollup: 'hourly', limit: 10 }] })).states[0]?.dirty.map(({ start }) => start)).toEqual([0])
  })

  it('what is left of a drain is counted as sealed, and cut down, when it is digested at last', async () => {
    const worker = await startWorker(store, 'slow')
    const windows = windowsOf(store)
    const marks = [0, 1, 2].map((n) => ({ source: 'calls', from: n * 1_000, to: n * 1_000 + 1, kind: 'added' as const }))
    await windows.mark({ marks: marks.slice(0, 1) })
    await drainOnce(windows, 10)
    const commit = await claimDirty(store, worker, workOn('hourly', 1))
    const client = await pool.connect()
    await client.query('begin')
    await client.query('select quarterjack.commits_refresh($1::json)', [
      JSON.stringify({ begunAt: (await client.query('select extract(epoch from now())::text as at')).rows[0]?.at, commit }),
    ])
    await windows.mark({ marks })
    const digest = async () => {
      const [source] = (await windows.collect({ limit: 10 })).sources
      const ids = (source?.marks ?? []).map(({ id }) => id)
      const [busy, free, wide] = source?.marks ?? []
      const groups = [busy, free].flatMap((mark) =>
        mark === undefined
          ? []
          : [
              {
                ...{ marks: [mark.id], markedAt: mark.markedAt, removed: false },
                windows: [{ rollup: 'hourly', start: mark.from, end: mark.from + 1_000 }],
              },
            ],
      )
      const narrowed = wide === undefined ? [] : [{ id: wide.id, from: 2_500, to: 2_600 }]
      const sealed = [{ rollup: 'hourly', marks: ids, from: 0, to: 10 }]
      const drain = { source: 'calls', token: source?.token ?? '', groups, parked: [], narrowed, sealed, enqueue: [] }
      const left = (await windows.drain({ drains: [drain] })).replies[0]?.left ?? []
      const { states } = await windows.state({ rollups: [{ rollup: 'hourly', limit: 10 }] })
      return { ids, left: [...left].sort((a, b) => a - b), sealed: states[0]?.record.sealed?.marks }
    }
    const first = await digest()
    expect(first).toEqual({ ids: first.ids, left: [first.ids[0], first.ids[2]], sealed: 1 })
    const { rows } = await pool.query('select from_at::int from quarterjack.marks order by id')
    expect(rows).toEqual([{ from_at: 0 }, { from_at: 2_000 }])
    await client.query('commit')
    client.release()
    expect(await digest()).toMatchObject({ left: [], sealed: 3 })
  })

  it('whoever comes back after his lease records nothing, and his rows are taken back', async () => {
    await write(store, pool, 1)
    await drainOnce(windowsOf(store), 10)
    const late = await startWorker(store, 'late')
    const commit = await claimDirty(store, late, workOn('hourly'))
    if (commit === null) throw new Error('Nothing was dirty.')
    const status = await refresh(store, commit, async () => {
      await expire(store, late)
      const next = await startWorker(store, 'next')
      expect((await claimDirty(store, next, workOn('hourly')))?.windows).toHaveLength(commit.windows.length)
    })
    expect(status).toBe('stale')
    expect((await windowsOf(store).commit({ commits: [commit] })).replies[0]?.status).toBe('stale')
    expect((await pool.query('select from totals')).rowCount).toBe(0)
  })
})
