/** The refresh as the engine calls it: in the store's transaction, and in one of its own, through each client. */
import { defineRollup, QuarterjackError } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { avg, count, sqlRollup, sum } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { HOUR, hours, START, windowsOf } from './refresher.ts'
import { type FakeContext, inTransaction, withTransactions } from './store-transaction.ts'

let server: PostgresServer
let database: Database
let pool: Pool

const TABLE = `create table calls (at timestamptz not null, model text, ms bigint, cost double precision); create index on calls (at)`
const options = {
  source: 'calls',
  time: 'at',
  target: 'calls_hourly',
  by: ['model'],
  measures: { calls: count(), ms: sum('ms'), cost: avg('cost') },
} as const

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 4 })
  pool.on('error', () => undefined)
  await pool.query(TABLE)
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

function request(numbers: readonly number[], removed = false) {
  const windows = windowsOf(hours(...numbers), removed)
  return { windows, from: new Date(START), to: new Date(START + 24 * HOUR) }
}

async function insert(hour: number, model: string | null = 'a', ms = 5): Promise<void> {
  await pool.query('insert into calls values ($1, $2, $3, 0.5)', [new Date(START + hour * HOUR + 60_000), model, ms])
}

async function target(): Promise<readonly string[]> {
  const { rows } = await pool.query(`select * from calls_hourly order by 1, 2 nulls first`)
  return rows.map(({ window_start: at, model, calls }) => `${(at.getTime() - START) / HOUR} ${model} ${calls}`)
}

const changedIn = ({ recorded }: FakeContext): unknown => recorded.at(-1)?.changed?.map((at) => (at.getTime() - START) / HOUR)

describe('a refresh in the transaction of the store', () => {
  it('is the refresh of a rollup as it stands', () => {
    const rollup = defineRollup({ name: 'calls-hourly', grain: 'hour', start: '2026-01-01', source: 'calls', refresh: sqlRollup(options) })
    expect(rollup.policy.refresh).toBeTypeOf('function')
  })

  it('makes its target, and says which windows changed', async () => {
    const ctx = inTransaction(pool)
    const refresh = sqlRollup(options)
    await insert(0)
    await insert(2, null)
    await refresh(request([0, 1, 2]), ctx)
    expect(await target()).toEqual(['0 a 1', '2 null 1'])
    expect(changedIn(ctx)).toEqual([0, 2])
    await insert(2, 'b')
    await refresh(request([0, 1, 2]), ctx)
    expect(changedIn(ctx)).toEqual([2])
    await refresh(request([0, 1, 2]), ctx)
    expect(changedIn(ctx)).toEqual([])
  })

  it('leaves a window that is empty all of a sudden, and says so; one that was emptied is emptied', async () => {
    const ctx = inTransaction(pool)
    const refresh = sqlRollup(options)
    await insert(0)
    await insert(1)
    await refresh(request([0, 1, 2]), ctx)
    await pool.query('delete from calls')
    await refresh(request([0, 1, 2], false), ctx)
    expect(await target()).toEqual(['0 a 1', '1 a 1'])
    expect(ctx.recorded.at(-1)?.suspect?.map(({ start }) => (start.getTime() - START) / HOUR)).toEqual([0, 1])
    expect(ctx.recorded.at(-1)?.suspect?.[0]?.reason).toMatch(/no rows in this window, calls_hourly has/)
    expect(changedIn(ctx)).toEqual([])
    // The same for one by itself.
    await refresh(request([1], false), ctx)
    expect(await target()).toEqual(['0 a 1', '1 a 1'])
    expect(ctx.recorded.at(-1)?.suspect?.map(({ start }) => (start.getTime() - START) / HOUR)).toEqual([1])
    await refresh(request([2], false), ctx)
    expect(ctx.recorded.at(-1)?.suspect).toEqual([])
    await refresh(request([0], true), ctx)
    expect(await target()).toEqual(['1 a 1'])
    expect(ctx.recorded.at(-1)?.suspect).toEqual([])
  })

  it('takes nothing for granted that was rolled back', async () => {
    const refresh = sqlRollup(options)
    await insert(0)
    const refused = withTransactions(async (work) => {
      await inTransaction(pool).commitWith(async (tx) => {
        await work(tx)
        throw new Error('refused')
      })
      throw new Error('unreachable')
    })
    await expect(refresh(request([0]), refused)).rejects.toThrow('refused')
    await refresh(request([0]), inTransaction(pool))
    expect(await target()).toEqual(['0 a 1'])
  })

  it('looks again at a target that somebody dropped or changed', async () => {
    const refresh = sqlRollup(options)
    await insert(0)
    await refresh(request([0]), inTransaction(pool))
    await pool.query('drop table calls_hourly')
    await refresh(request([0]), inTransaction(pool))
    expect(await target()).toEqual(['0 a 1'])
    await refresh(request([0]), inTransaction(pool))
    await pool.query('alter table calls_hourly drop column ms')
    await expect(refresh(request([0]), inTransaction(pool))).rejects.toMatchObject({
      code: 'InvalidOption',
      message: expect.stringMatching(/no column "ms". Add it: alter table calls_hourly add column "ms"/),
    })
  })

  it('writes nothing to a target that was made anew and does not fit, and goes on in one that does', async () => {
    const refresh = sqlRollup(options)
    const ctx = inTransaction(pool)
    await insert(0)
    for (let time = 0; time < 2; time++) await refresh(request([0]), ctx)
    const columns = (ms: string): string =>
      `drop table calls_hourly; create table calls_hourly (window_start timestamptz not null, model text, calls bigint, ms ${ms}, cost float8, cost__sum float8, cost__count bigint);
       create unique index on calls_hourly (window_start, model) nulls not distinct`
    await pool.query(columns('smallint'))
    await expect(refresh(request([0]), ctx)).rejects.toMatchObject({
      code: 'InvalidOption',
      message: expect.stringMatching(/"ms" is smallint/),
    })
    expect(await target()).toEqual([])
    await pool.query(columns('numeric'))
    await refresh(request([0]), ctx)
    await pool.query(columns('numeric'))
    await refresh(request([0]), ctx)
    expect(await target()).toEqual(['0 a 1'])
    expect(changedIn(ctx)).toEqual([0])
  })

  it('may be partitioned', async () => {
    await pool.query(`create table calls_hourly (window_start timestamptz not null, model text, calls bigint, ms numeric, cost float8, cost__sum float8, cost__count bigint)
        partition by range (window_start);
      create unique index on calls_hourly (window_start, model) nulls not distinct;
      create table calls_hourly_0 partition of calls_hourly for values from ('2026-01-01 00:00Z') to ('2026-01-01 01:00Z');
      create table calls_hourly_1 partition of calls_hourly default`)
    const refresh = sqlRollup(options)
    await insert(0)
    await insert(1)
    await refresh(request([0, 1]), inTransaction(pool))
    await pool.query('delete from calls where at < $1', [new Date(START + HOUR)])
    await refresh(request([0, 1], true), inTransaction(pool))
    expect(await target()).toEqual(['1 a 1'])
  })

  it('is made by several at once, once', async () => {
    await insert(0)
    await Promise.all([0, 1, 2].map((hour) => sqlRollup(options)(request([hour]), inTransaction(pool))))
    expect(await target()).toEqual(['0 a 1'])
  })

  it.each([
    ['a table that is missing', { source: 'nowhere' }, /"nowhere" does not exist \(42P01\)/],
    ['a column that is missing', { time: 'when' }, /when.* does not exist \(42703\)/],
    ['a type that cannot be compared', { by: [{ model: 'to_json(r.model)' }] }, /json.*Cast|could not identify/],
  ])('refuses %s with a code', async (_, more, message) => {
    const refresh = sqlRollup({ ...options, ...more } as never)
    await expect(refresh(request([0]), inTransaction(pool))).rejects.toMatchObject({
      code: 'InvalidOption',
      message: expect.stringMatching(message),
    })
  })

  it('works through postgres.js', async () => {
    const sql = postgres(database.url, { max: 2 })
    await insert(0)
    const ctx = withTransactions((work) => sql.begin((tx) => work(tx)) as never)
    const refresh = sqlRollup(options)
    await refresh(request([0, 1]), ctx)
    await refresh(request([0, 1]), ctx)
    expect(ctx.recorded.map(({ changed }) => changed)).toEqual([[new Date(START)], []])
    await sql.end()
  })
})

describe('a refresh with a client of its own', () => {
  const none = { signal: new AbortController().signal, commitWith: () => Promise.reject(new Error('asked the store')) }

  it('has a transaction of its own, and answers what is suspect', async () => {
    const refresh = sqlRollup({ ...options, pool })
    await insert(0)
    expect(await refresh(request([0, 1]), none)).toEqual({ suspect: [] })
    expect(await target()).toEqual(['0 a 1'])
    await pool.query('delete from calls')
    expect(await refresh(request([0]), none)).toMatchObject({ suspect: [{ start: new Date(START) }] })
  })

  it('is shared with what is put together from it', async () => {
    const finer = sqlRollup({ ...options, pool })
    const daily = sqlRollup({ from: finer, target: 'calls_daily', by: [] })
    await insert(0)
    await insert(5, 'b')
    await finer(request([0, 5]), none)
    const day = { start: new Date(START), end: new Date(START + 24 * HOUR), removed: false }
    await daily({ windows: [day], from: day.start, to: day.end }, none)
    const { rows } = await pool.query('select calls, ms::text, cost, pg_typeof(calls)::text as type from calls_daily')
    expect(rows).toEqual([{ calls: '2', ms: '10', cost: 0.5, type: 'bigint' }])
  })

  it('never lets an older snapshot end on top of a newer one', async () => {
    const refresh = sqlRollup({ ...options, pool })
    await insert(0)
    await refresh(request([0]), none)
    // Holds the window as a refresh does, until the row was written.
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query(`select pg_advisory_xact_lock(hashtextextended('quarterjack-rollup/calls_hourly/' || $1::bigint, 0))`, [START])
    const waiting = refresh(request([0]), none)
    await until(
      'the refresh waits',
      async () => (await pool.query(`select from pg_locks where locktype = 'advisory' and not granted`)).rowCount === 1,
    )
    await insert(0)
    await holder.query('commit')
    holder.release()
    await waiting
    expect(await target()).toEqual(['0 a 2'])
  })

  it('is stopped when the run is aborted', async () => {
    await insert(0)
    const slow = sqlRollup({ ...options, pool, where: 'pg_sleep(30) is not null' })
    const abort = new AbortController()
    const refreshing = slow(request([0]), { ...none, signal: abort.signal })
    await until('it sleeps', async () => (await pool.query(`select from pg_stat_activity where wait_event = 'PgSleep'`)).rowCount === 1)
    abort.abort(new Error('too late'))
    await expect(refreshing).rejects.toThrow('too late')
  })

  it('is asked for by a store that shares no transactions', async () => {
    const commitWith = () => Promise.reject(new QuarterjackError('TransactionsUnsupported', 'no'))
    await expect(sqlRollup(options)(request([0]), { ...none, commitWith })).rejects.toMatchObject({
      code: 'TransactionsUnsupported',
      message: expect.stringContaining('sqlRollup({ pool, … })'),
    })
  })

  it('is one client', () => {
    expect(() => sqlRollup({ ...options, pool: {} as never })).toThrow(/pool: must be a pool/)
    expect(() =>
      sqlRollup({ ...options, pool, sql: Object.assign(() => undefined, { unsafe: () => 0, begin: () => 0, listen: () => 0 }) as never }),
    ).toThrow(/pool and sql were given/)
  })
})

describe('a guarded rollup', () => {
  const guarded = sqlRollup({ ...options, guard: 'oldest' })

  it.each([
    ['together', [[0, 1, 2, 3]]],
    ['one by one', [[0], [1], [2], [3]]],
  ])('keeps what is older than the oldest row of its source, and follows the rest, %s', async (_, lots) => {
    const ctx = inTransaction(pool)
    const all = async (): Promise<void> => {
      for (const lot of lots) await guarded(request(lot, true), ctx)
    }
    for (const hour of [0, 1, 1.5, 2, 3]) await insert(hour)
    await all()
    // Retention up to the middle of hour 1; and somebody took back hour 2.
    await pool.query('delete from calls where at < $1', [new Date(START + 1.5 * HOUR)])
    await pool.query('delete from calls where at >= $1 and at < $2', [new Date(START + 2 * HOUR), new Date(START + 3 * HOUR)])
    await all()
    expect(await target()).toEqual(['0 a 1', '1 a 2', '3 a 1'])
    expect(ctx.recorded.flatMap(({ suspect }) => suspect)).toEqual([])
    await pool.query('truncate calls')
    await all()
    expect(await target()).toEqual(['0 a 1', '1 a 2', '3 a 1'])
  })

  it('takes late rows into the window of the oldest row', async () => {
    await insert(0)
    await guarded(request([0]), inTransaction(pool))
    await insert(0)
    await guarded(request([0], false), inTransaction(pool))
    expect(await target()).toEqual(['0 a 2'])
  })
})
