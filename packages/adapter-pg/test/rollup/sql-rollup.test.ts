import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { avg, count, countIf, distinct, first, last, max, min, percentile, ratio, sum } from '../../src/rollup/measure.ts'
import { refreshSql } from '../../src/rollup/refresh-sql.ts'
import { sqlRollup } from '../../src/rollup/sql-rollup.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { compared, HOUR, hours, prepare, refresh, START, type Windows, windowsOf } from './refresher.ts'

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
  await pool.query(`create table calls (
    at timestamptz not null, tenant text, model text not null, ms int, cost double precision, price numeric(12, 4), status text not null
  ); create index on calls (at)`)
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

const hourly = sqlRollup({
  source: 'calls',
  time: 'at',
  target: 'calls_hourly',
  by: ['tenant', { family: "split_part(r.model, '-', 1)" }],
  measures: {
    calls: count(),
    errors: countIf("status = 'error'"),
    ms: sum('ms'),
    avg_ms: avg('ms'),
    avg_cost: avg('cost'),
    avg_price: avg('price'),
    fastest: min('ms'),
    slowest: max('ms'),
    opened: first('status'),
    closed: last('status'),
    error_rate: ratio(countIf("status = 'error'"), count()),
    p95: percentile(0.95, 'ms'),
    models: distinct('model'),
  },
  where: "status <> 'ignored'",
})

/** `count` calls spread over `hourCount` hours, some without tenant or duration. */
async function fill(count: number, hourCount = 48): Promise<void> {
  await pool.query(
    `insert into calls
     select timestamptz 'epoch' + ($1::bigint + abs(hashint4(g)::bigint) % ($2 * 3600) * 1000) * interval '1 ms',
       (array[null, 't0', 't1', 't2'])[1 + abs(hashint4(g + 1)) % 4], (array['gpt-4', 'gpt-3', 'claude-1'])[1 + abs(hashint4(g + 2)) % 3],
       case when g % 11 = 0 then null else abs(hashint4(g + 3)) % 1000 end, g * 0.125, g % 97 / 8.0,
       (array['ok', 'error', 'ok', 'ignored'])[1 + g % 4]
     from generate_series(1, $3) g`,
    [START, hourCount, count],
  )
}

describe('a rollup in SQL', () => {
  it('equals a recomputation, whatever the measures', async () => {
    await fill(2_000)
    const values = await prepare(pool, hourly)
    const windows = hours(...Array.from({ length: 48 }, (_, index) => index))
    const refreshed = await refresh(pool, hourly, values, windows)
    expect(refreshed).toHaveLength(48)
    expect(refreshed.every(({ groups, written, deleted }) => groups === written && deleted === 0)).toBe(true)
    expect(refreshed.reduce((all, { rows }) => all + (rows ?? 0), 0)).toBe(1_500)
    const { target, truth } = await compared(pool, hourly, values, windows)
    expect(target.length).toBeGreaterThan(200)
    expect(target).toEqual(truth)
  })

  it('writes what differs and nothing else, and deletes groups that are gone', async () => {
    await fill(400, 4)
    const values = await prepare(pool, hourly)
    const windows = hours(0, 1, 2, 3)
    await refresh(pool, hourly, values, windows)
    const touched = async (): Promise<unknown> => (await pool.query('select ctid::text, xmin::text from calls_hourly order by 1, 2')).rows
    const before = await touched()
    const again = await refresh(pool, hourly, values, windows)
    expect(again.every(({ written, deleted }) => written === 0 && deleted === 0)).toBe(true)
    expect(await touched()).toEqual(before)

    await pool.query(`delete from calls where tenant is null and at < timestamptz 'epoch' + $1::bigint * interval '1 ms'`, [START + HOUR])
    await pool.query(
      `update calls set status = 'error' where ctid = (select ctid from calls where tenant = 't1' and status = 'ok' and at >= timestamptz 'epoch' + $1::bigint * interval '1 ms' order by at limit 1)`,
      [START + HOUR],
    )
    const third = await refresh(pool, hourly, values, windows)
    expect(third.map(({ written }) => written)).toEqual([0, 1, 0, 0])
    expect(third[0]?.deleted).toBeGreaterThan(0)
    const { target, truth } = await compared(pool, hourly, values, windows)
    expect(target).toEqual(truth)
  })

  it('does the same to a window by itself as to one among others', async () => {
    await fill(600, 4)
    const values = await prepare(pool, hourly)
    await pool.query('create table among (like calls_hourly including all)')
    const among = { plan: { ...hourly.plan, target: 'among' } }
    const windows = hours(0, 1, 2, 3)
    const bothEqual = async (): Promise<void> => {
      const many = await refresh(pool, among, values, windows)
      const single = []
      for (const window of windows) single.push(...(await refresh(pool, hourly, values, [window])))
      expect(single).toEqual(many)
      const { target, truth } = await compared(pool, hourly, values, windows)
      expect(target).toEqual(truth)
      expect(await compared(pool, among, values, windows)).toEqual({ target, truth })
    }
    await bothEqual()
    await bothEqual()
    // Groups that are gone, with and without nulls in their keys; others that differ; new ones.
    await pool.query(`delete from calls where (tenant is null and model like 'gpt%') or tenant = 't1'`)
    await pool.query(`update calls set ms = ms + 1 where tenant = 't2'`)
    await pool.query(`update calls set tenant = 'new' where model = 'claude-1' and ms > 500`)
    await bothEqual()
    await pool.query('delete from calls where at < $1', [new Date(START + 2 * HOUR)])
    await bothEqual()
  })

  it('empties a window whose rows are all gone, and leaves other windows alone', async () => {
    await fill(100, 2)
    const values = await prepare(pool, hourly)
    await refresh(pool, hourly, values, hours(0, 1))
    await pool.query('delete from calls')
    const [emptied] = await refresh(pool, hourly, values, hours(0))
    expect(emptied).toMatchObject({ start: START, rows: 0, groups: 0, written: 0 })
    const { rows } = await pool.query('select distinct window_start from calls_hourly')
    expect(rows).toEqual([{ window_start: new Date(START + HOUR) }])
  })

  it('takes windows of any length and place, in any order', async () => {
    await fill(1_000)
    const values = await prepare(pool, hourly)
    const windows: Windows = [
      [START + 23 * HOUR, START + 48 * HOUR],
      [START, START + 23 * HOUR],
    ]
    await refresh(pool, hourly, values, windows)
    const { target, truth } = await compared(pool, hourly, values, windows)
    expect(target).toEqual(truth)
  })

  it('is made of a finer one: the same as from the source', async () => {
    await fill(3_000)
    const kept = ['calls', 'errors', 'ms', 'avg_ms', 'avg_price', 'fastest', 'slowest', 'opened', 'closed', 'error_rate']
    const daily = sqlRollup({ from: hourly, target: 'calls_daily', by: ['tenant'], measures: kept })
    const raw = sqlRollup({
      source: 'calls',
      time: 'at',
      target: 'calls_daily_raw',
      by: ['tenant'],
      measures: Object.fromEntries(kept.map((name) => [name, hourly.parts?.measures[name] ?? count()])),
      where: "status <> 'ignored'",
    })
    await refresh(pool, hourly, await prepare(pool, hourly), hours(...Array.from({ length: 48 }, (_, index) => index)))
    const days: Windows = [0, 1].map((day) => [START + day * 24 * HOUR, START + (day + 1) * 24 * HOUR])
    await refresh(pool, daily, await prepare(pool, daily), days)
    await refresh(pool, raw, await prepare(pool, raw), days)
    const both = (table: string): Promise<{ rows: unknown[] }> =>
      pool.query(`select window_start, tenant, ${kept.map((name) => (name.startsWith('avg') ? `round(${name}, 9) as ${name}` : name)).join(', ')}
        from ${table} order by 1, 2 nulls first`)
    const [composed, truth] = [await both('calls_daily'), await both('calls_daily_raw')]
    expect(composed.rows.length).toBe(8)
    expect(composed.rows).toEqual(truth.rows)
  })

  it('takes a select of the user', async () => {
    await fill(500, 4)
    const free = sqlRollup({
      target: 'busiest',
      windowColumn: 'hour',
      key: ['model'],
      select: `select w.window_start as hour, c.model, count(*) as calls, array_agg(distinct c.tenant) as tenants
        from windows w join calls c on c.at >= w.window_start and c.at < w.window_end group by 1, 2;`,
    })
    const values = await prepare(pool, free)
    expect(values).toEqual(['calls', 'tenants'])
    const refreshed = await refresh(pool, free, values, hours(0, 1, 2, 3))
    expect(refreshed.map(({ rows, groups }) => [rows, groups])).toEqual(Array.from({ length: 4 }, () => [null, 3]))
    const { target, truth } = await compared(pool, free, values, hours(0, 1, 2, 3))
    expect(target).toEqual(truth)
  })

  it('reads a column without a zone in the zone that it is meant in', async () => {
    await pool.query(`create table notes (at timestamp not null); insert into notes values ('2026-01-01 01:30'), ('2026-01-01 00:30')`)
    const berlin = sqlRollup({
      source: 'notes',
      time: 'at',
      timeZone: 'Europe/Berlin',
      target: 'notes_hourly',
      measures: { notes: count() },
    })
    const values = await prepare(pool, berlin)
    const refreshed = await refresh(pool, berlin, values, hours(-1, 0, 1))
    expect(refreshed.map(({ rows }) => rows)).toEqual([1, 1, 0])
  })

  it('reads the source once', async () => {
    await fill(2_000)
    const values = await prepare(pool, hourly)
    for (const windows of [hours(0), hours(0, 1)]) {
      const { rows } = await pool.query(`explain ${refreshSql(hourly.plan, values, windowsOf(windows))}`)
      const scans = rows.filter((row) => / on calls\b/.test(Object.values(row)[0] as string))
      expect(scans).toHaveLength(1)
    }
  })
})

describe('a target that exists', () => {
  const plain = sqlRollup({ source: 'calls', time: 'at', target: 'calls_hourly', by: ['tenant'], measures: { calls: count() } })

  it('may have more columns, and wider types', async () => {
    await pool.query(`create table calls_hourly (window_start timestamptz not null, tenant text, calls numeric, note text);
      create unique index on calls_hourly (tenant, window_start) nulls not distinct`)
    expect(await prepare(pool, plain)).toEqual(['calls'])
  })

  it.each([
    [
      'lacks a column',
      '(window_start timestamptz, tenant text)',
      /no column "calls". Add it: alter table calls_hourly add column "calls" bigint/,
    ],
    ['has another type', '(window_start timestamptz, tenant int, calls bigint)', /column "tenant" is integer, and text is what comes/],
    [
      'lacks the unique index',
      '(window_start timestamptz, tenant text, calls bigint)',
      /no unique index .* Create it: create unique index on "calls_hourly" \("window_start", "tenant"\) nulls not distinct/,
    ],
    [
      'takes nulls for different',
      '(window_start timestamptz, tenant text, calls bigint, unique (window_start, tenant))',
      /no unique index/,
    ],
  ])('is refused when it %s, and left as it is', async (_, columns, message) => {
    await pool.query(`create table calls_hourly ${columns}`)
    await expect(prepare(pool, plain)).rejects.toMatchObject({ code: 'InvalidOption', message: expect.stringMatching(message) })
    const { rows } = await pool.query(`select count(*)::int as n from pg_class where relname like 'qj_shape%'`)
    expect(rows).toEqual([{ n: 0 }])
  })
})
