/** Whole schedulers over one Postgres: rows change, triggers mark, replicas refresh, and every figure equals a recomputation. */
import { createScheduler, defineRollup, type Rollup, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { captureChanges, count, pgStore, sqlRollup, sum } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

const HOUR = 3_600_000
const DAYS = 3

let server: PostgresAccess
let database: Database
let pool: Pool
let hourly: Rollup
let daily: Rollup
const schedulers: Scheduler[] = []

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 10 })
  pool.on('error', () => undefined)
  const start = new Date(Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - DAYS * 24 * HOUR)
  await pool.query(`create table calls (id int generated always as identity primary key, at timestamptz not null, model text, cost int)`)
  await pool.query('create index on calls (at)')
  const sql = sqlRollup({
    source: 'calls',
    time: 'at',
    target: 'calls_hourly',
    by: ['model'],
    measures: { calls: count(), cost: sum('cost') },
  })
  const shared = { start, live: true, debounce: { wait: '100ms', maxWait: '1s' }, grace: 0 } as const
  hourly = defineRollup({ name: 'calls-hourly', grain: 'hour', source: 'calls', capture: 'complete', ...shared, refresh: sql })
  daily = defineRollup({
    name: 'calls-daily',
    grain: 'day',
    after: [hourly],
    ...shared,
    refresh: sqlRollup({ from: sql, target: 'calls_daily' }),
  })
})
afterEach(async () => {
  await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.stop()))
  await pool.end()
  await database.drop()
})

async function start(): Promise<Scheduler> {
  const scheduler = createScheduler({ store: pgStore({ pool }), jobs: [hourly, daily], logger: false, lease: '3s' })
  schedulers.push(scheduler)
  await scheduler.start()
  return scheduler
}

/** Rows of a target that differ from a recomputation, in either direction. */
async function differences(target: string, unit: string): Promise<readonly unknown[]> {
  const truth = `select date_trunc('${unit}', at, 'UTC') as window_start, model, count(*)::int as calls, sum(cost)::int as cost from calls group by 1, 2`
  const held = `select window_start, model, calls::int, cost::int from ${target}`
  const { rows } = await pool.query(
    `(select 'missing' as what, * from (${truth}) t except select 'missing', * from (${held}) h)
     union all (select 'wrong', * from (${held}) h except select 'wrong', * from (${truth}) t) limit 20`,
  )
  return rows
}

async function equal(): Promise<boolean> {
  const [hours, days] = await Promise.all([differences('calls_hourly', 'hour'), differences('calls_daily', 'day')])
  return hours.length === 0 && days.length === 0
}

async function settled(): Promise<void> {
  // The targets are made with the first refresh.
  await until('every figure equals a recomputation', () => equal().catch(() => false))
}

const insert = (rows: number, hoursBack: number): Promise<unknown> =>
  pool.query(
    `insert into calls (at, model, cost) select now() - ($2::float * random()) * interval '1 hour', 'm' || (random() * 4)::int, (random() * 100)::int from generate_series(1, $1)`,
    [rows, hoursBack],
  )

describe('rollups on Postgres', () => {
  it('follow inserts, late rows, updates between windows and deletes, over two replicas', async () => {
    await insert(2_000, 60)
    const first = await start()
    await captureChanges({ pool }, { source: 'calls', time: 'at', rollups: [hourly] })
    await start()
    await settled()
    await insert(200, 60)
    await pool.query(
      `update calls set at = at - interval '3 hours', cost = cost + 1 where id % 17 = 0 and at > now() - interval '50 hours'`,
    )
    await pool.query(`delete from calls where id % 5 = 0`)
    await settled()
    await pool.query(`delete from calls where at < now() - interval '30 hours'`)
    await settled()
    expect(await differences('calls_hourly', 'hour')).toEqual([])
    expect(await differences('calls_daily', 'day')).toEqual([])
    const from = new Date(Date.now() - 70 * HOUR)
    const report = await first.rollups.verify(hourly, { from, to: new Date(), sample: 'all' })
    expect(report).toMatchObject({ drift: [], more: false })
    expect(report.checked).toBeGreaterThan(50)
    await pool.query(`update calls_hourly set calls = calls + 1 where window_start = (select min(window_start) from calls_hourly)`)
    expect((await first.rollups.verify(hourly, { from, to: new Date(), sample: 'all' })).drift.length).toBeGreaterThan(0)
  })

  it('fill a range again, on whichever replica', async () => {
    await insert(500, 60)
    const client = await start()
    await captureChanges({ pool }, { source: 'calls', time: 'at', rollups: [hourly] })
    await settled()
    await start()
    await pool.query('update calls_hourly set cost = cost + 1')
    const backfill = await client.backfill(hourly, { last: '2d', concurrency: 2 })
    const progress = await backfill.finished({ timeout: '20s' })
    expect(progress).toMatchObject({ state: 'finished', failed: 0, share: 1 })
    expect(progress.done).toBe(progress.total)
    expect((await client.health()).rollups.map(({ status }) => status)).toEqual(['ok', 'ok'])
  })
})
