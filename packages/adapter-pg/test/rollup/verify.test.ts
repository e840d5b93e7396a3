import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { avg, count, restoreTarget, snapshotTarget, sqlRollup, verifyRollup } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { HOUR, hours, START, windowsOf } from './refresher.ts'
import { inTransaction } from './store-transaction.ts'

const hourly = sqlRollup({
  source: 'calls',
  time: 'at',
  target: 'calls_hourly',
  by: ['model'],
  measures: { calls: count(), cost: avg('cost') },
})
const windows = windowsOf(hours(0, 1, 2))
const range = { from: new Date(START), to: new Date(START + 2 * HOUR) }

let server: PostgresServer
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 2 })
  pool.on('error', () => undefined)
  await pool.query(`create table calls (at timestamptz, model text, cost double precision);
    insert into calls select timestamptz '2026-01-01Z' + g * interval '1 minute', nullif('m' || g % 3, 'm0'), g / 7.0 from generate_series(0, 179) g`)
  await hourly({ windows, from: new Date(START), to: new Date(START + 3 * HOUR) }, inTransaction(pool))
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

describe('verifyRollup', () => {
  it('finds nothing where all is right, and nothing in the last digits of sums', async () => {
    await pool.query('update calls_hourly set cost = cost * (1 + 1e-14)')
    expect(await verifyRollup({ pool }, hourly, { windows })).toEqual([])
    expect(await verifyRollup({ pool }, hourly, { windows: [] })).toEqual([])
  })

  it('is content with a transaction that may write nothing, and with names that want quotes', async () => {
    const target = { target: 'odd_hourly', by: [{ Model: 'r.model' }], measures: { order: count() } }
    const odd = sqlRollup({ source: 'calls', time: 'at', ...target })
    await odd({ windows, from: new Date(START), to: new Date(START + 3 * HOUR) }, inTransaction(pool))
    await pool.query('update odd_hourly set "order" = "order" + 1 where window_start = $1', [new Date(START)])
    const client = await pool.connect()
    await client.query('begin isolation level repeatable read read only')
    expect(await verifyRollup({ tx: client }, hourly, { windows })).toEqual([])
    expect(await verifyRollup({ tx: client }, odd, { windows })).toHaveLength(3)
    await client.query('commit')
    client.release()
  })

  it('names what is wrong, missing and too much', async () => {
    await pool.query(`update calls_hourly set calls = 21 where model is null and window_start = $1`, [new Date(START)])
    await pool.query(`delete from calls_hourly where model = 'm1' and window_start = $1`, [new Date(START + HOUR)])
    await pool.query(`insert into calls_hourly (window_start, model, calls) values ($1, 'm7', 1)`, [new Date(START + 2 * HOUR)])
    const drifted = await verifyRollup({ pool }, hourly, { windows })
    expect(drifted).toMatchObject([
      { window: new Date(START), key: { model: null }, expected: { calls: '20' }, found: { calls: '21' } },
      { window: new Date(START + HOUR), key: { model: 'm1' }, expected: { calls: '20' }, found: null },
      { window: new Date(START + 2 * HOUR), key: { model: 'm7' }, expected: null, found: { calls: '1', cost: null } },
    ])
    expect(await verifyRollup({ pool }, hourly, { windows, limit: 1 })).toHaveLength(1)
    expect(await verifyRollup({ pool }, hourly, { windows: windows.slice(1, 2) })).toHaveLength(1)
    await expect(verifyRollup({ pool }, hourly, { windows, limit: 0 })).rejects.toMatchObject({ code: 'InvalidOption' })
  })

  it('works in a transaction of the user', async () => {
    const client = await pool.connect()
    await client.query('begin; update calls_hourly set calls = 0')
    expect(await verifyRollup({ tx: client }, hourly, { windows })).toHaveLength(9)
    await client.query('rollback')
    client.release()
  })
})

describe('a snapshot of a target', () => {
  const rows = async (): Promise<unknown> => (await pool.query('select * from calls_hourly order by 1, 2')).rows

  it('brings back what was there, and leaves other windows alone', async () => {
    const before = await rows()
    const snapshot = await snapshotTarget({ pool }, hourly, range)
    expect(snapshot).toMatchObject({ rows: 6, table: expect.stringMatching(/^calls_hourly_\d{8}_\d{9}$/) })
    await pool.query(`update calls_hourly set calls = 0 where window_start < $1; `, [range.to])
    await pool.query(`insert into calls_hourly (window_start, model, calls) values ($1, 'm7', 1)`, [range.from])
    await pool.query(`delete from calls_hourly where model = 'm1' and window_start = $1`, [range.from])
    await pool.query('alter table calls_hourly add column note text')
    expect(await restoreTarget({ pool }, hourly, snapshot.table)).toEqual({ rows: 6 })
    await pool.query('alter table calls_hourly drop column note')
    expect(await rows()).toEqual(before)
  })

  it('keeps refreshes out while it is put back, and readers in', async () => {
    const before = await rows()
    const { table } = await snapshotTarget({ pool }, hourly, range)
    const client = await pool.connect()
    await client.query('begin')
    await restoreTarget({ tx: client }, hourly, table)
    // A window that the snapshot knows nothing of: no row is in the way.
    const refresh = "set lock_timeout = '300ms'; insert into calls_hourly (window_start, model) values ('2026-02-01Z', 'm1')"
    await expect(pool.query(refresh)).rejects.toMatchObject({ code: '55P03' })
    expect(await rows()).toEqual(before)
    await client.query('commit')
    client.release()
  })

  it('is refused for tables that are none, or of another target', async () => {
    const { table } = await snapshotTarget({ pool }, hourly, range)
    const other = sqlRollup({ source: 'calls', time: 'at', target: 'other', measures: { calls: count() } })
    await expect(restoreTarget({ pool }, hourly, 'calls')).rejects.toThrow(/table calls is no snapshot/)
    await expect(restoreTarget({ pool }, other, table)).rejects.toThrow(/is a snapshot of calls_hourly, and other was to be restored/)
    await expect(restoreTarget({ pool }, hourly, 'x"; drop table calls')).rejects.toMatchObject({ code: 'InvalidOption' })
    await expect(snapshotTarget({ pool }, other, range)).rejects.toThrow(/no table other/)
    await expect(snapshotTarget({ pool }, hourly, { from: range.to, to: range.from })).rejects.toThrow(/is empty/)
  })
})
