/**
 * Five million rows over sixty days, on the oldest and on the newest Postgres: a rollup of hours and one of days made of it fill
 * themselves while rows that are late come, move and go, and a backfill runs beside; then both equal a recomputation, to the row.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, defineRollup } from '@quarterjack/core'
import { figure } from '@quarterjack/fault-kit/figure'
import { Pool } from 'pg'
import { describe, expect, it } from 'vitest'
import { captureChanges, count, countIf, max, pgStore, sqlRollup, sum } from '../../src/index.ts'
import type { PostgresVersion } from '../servers/find-binaries.ts'
import { startPostgres } from '../servers/postgres.ts'

const ROWS = 5_000_000
const DAYS = 60
const DAY_MS = 86_400_000
/** Statements that change what was there before. */
const LATE = 60
/** Beside what is measured, everything may be slow. */
const PATIENCE_MS = 400_000

const SETTINGS = { shared_buffers: '256MB', max_wal_size: '4GB', maintenance_work_mem: '256MB' }

/** Between the first midnight and the last. */
const at = (seed: string): string => `$1::timestamptz + (abs(hashint8(${seed})::bigint) % ${(DAYS * DAY_MS) / 1_000}) * interval '1 second'`

const MEASURED = `count(*) as calls, count(*) filter (where ms > 4000) as slow, sum(ms) as ms, max(ms) as slowest`

async function fill(pool: Pool, from: Date): Promise<void> {
  await pool.query('create table calls (id bigint not null, at timestamptz not null, model text, ms int not null)')
  await pool.query(
    `insert into calls select g, ${at('g')}, 'm' || nullif(g % 5, 0), abs(hashint8(g + 7)::bigint) % 5000 from generate_series(1, ${ROWS}) g`,
    [from],
  )
  await pool.query('create index on calls (at)')
  await pool.query('create index on calls (id)')
  await pool.query('vacuum analyze calls')
}

/** Rows that are late, move between windows, change, and go: one kind after the other, all over the sixty days. */
async function changeLate(pool: Pool, from: Date): Promise<void> {
  for (let n = 0; n < LATE; n++) {
    const some = `id between ${n * 80_000} and ${n * 80_000 + 200}`
    const kind = n % 4
    if (kind === 0)
      await pool.query(`insert into calls select -g, ${at(`g + ${n * 1_000}`)}, 'late', g from generate_series(1, 200) g`, [from])
    else if (kind === 1) await pool.query(`update calls set at = ${at(`id + ${n}`)} where ${some}`, [from])
    else if (kind === 2) await pool.query(`update calls set ms = ms + 1 where ${some}`)
    else await pool.query(`delete from calls where ${some}`)
    await sleep(100)
  }
}

/** Until nothing is dirty but windows that are not over yet: all since the start was marked, and so were they. */
async function settle(pool: Pool): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const { rows } = await pool.query(
      `select (select count(*)::int from quarterjack.marks where parked_until is null) as marks,
        (select count(*)::int from quarterjack.windows where dirty_since is not null and end_at < extract(epoch from now()) * 1000 - 400000) as windows,
        (select count(*)::int from quarterjack.backfills where finished_at is null) as backfills`,
    )
    if (Object.values(rows[0]).every((left) => left === 0)) return
    if (performance.now() > deadline) throw new Error(`It does not settle: ${JSON.stringify(rows[0])}`)
    await sleep(200)
  }
}

/** Rows of a target that differ from a recomputation, in either direction, and how many there are. */
async function compare(pool: Pool, target: string, unit: string) {
  const truth = `select date_trunc('${unit}', at, 'UTC') as window_start, model, ${MEASURED} from calls group by 1, 2`
  await pool.query(`create temporary table truth as ${truth}`)
  const held = `select window_start, model, calls, slow, ms, slowest from ${target}`
  const { rows: differing } = await pool.query(
    `(select 'missing' as what, * from truth except select 'missing', * from (${held}) h)
     union all (select 'wrong', * from (${held}) h except select 'wrong', * from truth) limit 20`,
  )
  const { rows } = await pool.query(
    `select count(*)::int as rows, count(distinct window_start)::int as windows, sum(calls)::int as calls from (${held}) h`,
  )
  await pool.query('drop table truth')
  return { differing, ...(rows[0] as { readonly rows: number; readonly windows: number; readonly calls: number }) }
}

const VERSIONS: readonly PostgresVersion[] = ['system', 'embedded']

describe.each(VERSIONS)('sixty days on the %s Postgres', (version) => {
  it('equal a recomputation, to the row', async () => {
    await using server = await startPostgres({ version, settings: SETTINGS })
    await using database = await server.createDatabase()
    const pool = new Pool({ ...database.poolSettings, max: 12 })
    const compared = new Pool({ ...database.poolSettings, max: 1 })
    const from = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - DAYS * DAY_MS)
    const startedAt = performance.now()
    const seconds = (since: number): number => (performance.now() - since) / 1_000
    await fill(pool, from)
    const filledS = seconds(startedAt)
    const measures = { calls: count(), slow: countIf('ms > 4000'), ms: sum('ms'), slowest: max('ms') }
    const hours = sqlRollup({ source: 'calls', time: 'at', target: 'calls_hourly', by: ['model'], measures })
    const shared = { start: from, debounce: { wait: '200ms', maxWait: '1s' } } as const
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      source: 'calls',
      capture: 'complete',
      allowedLateness: '90d',
      ...shared,
      refresh: hours,
    })
    const daily = defineRollup({
      name: 'daily',
      grain: 'day',
      after: [hourly],
      ...shared,
      refresh: sqlRollup({ from: hours, target: 'calls_daily' }),
    })
    const open = () => createScheduler({ store: pgStore({ pool }), jobs: [hourly, daily], logger: false, lease: '5s' })
    const schedulers = [open(), open()]
    const refreshedAt = performance.now()
    try {
      const store = pgStore({ pool, hints: false })
      await store.open()
      await store.close()
      await captureChanges({ pool }, { source: 'calls', time: 'at', rollups: [hourly] })
      for (const scheduler of schedulers) await scheduler.start()
      const late = changeLate(pool, from)
      const backfill = await (schedulers[0] as (typeof schedulers)[number]).backfill(hourly, { last: '20d', concurrency: 2 })
      await late
      expect(await backfill.finished()).toMatchObject({ state: 'finished', failed: 0 })
      await settle(pool)
      const refreshedS = seconds(refreshedAt)
      const [byHour, byDay] = [await compare(compared, 'calls_hourly', 'hour'), await compare(compared, 'calls_daily', 'day')]
      figure(`sixty days on Postgres ${server.major}`, {
        'filled in s': filledS,
        'refreshed in s': refreshedS,
        'in all s': seconds(startedAt),
        rows: byHour.calls,
      })
      expect(byHour.differing).toEqual([])
      expect(byDay.differing).toEqual([])
      expect(byHour).toMatchObject({ windows: DAYS * 24, calls: byDay.calls })
      expect(byDay.windows).toBe(DAYS)
      expect(byHour.calls).toBeGreaterThan(ROWS - 10_000)
    } finally {
      for (const scheduler of schedulers) await scheduler.stop({ grace: 0 })
      await pool.end()
      await compared.end()
    }
  }, 600_000)
})
