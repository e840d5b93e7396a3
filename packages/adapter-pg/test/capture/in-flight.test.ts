/** Transactions that commit after the windows of their rows were refreshed: 5 % of them stay open, beside 16 writers and windows of a second. */
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { captureChanges, count, pgStore, sqlRollup } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { inTransaction } from '../rollup/store-transaction.ts'

const IS_FULL = process.env.QJ_TEST_TIER === 'full'
const WRITERS = 16
const ROWS_PER_WRITER = IS_FULL ? 400 : 60
/** Longer than a window takes to be over and refreshed. */
const HELD_S = IS_FULL ? 1.5 : 0.4
const SECOND = 1_000

let server: PostgresServer
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: WRITERS + 3 })
  const store = pgStore({ pool, hints: false })
  await store.open()
  await store.close()
  await pool.query('create table events (at timestamptz not null default clock_timestamp(), writer int); create index on events (at)')
  await captureChanges({ pool }, { source: 'events', time: 'at', grain: '1s' })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
  await server.close()
})

async function write(writer: number): Promise<void> {
  const client = await pool.connect()
  for (let row = 0; row < ROWS_PER_WRITER; row++) {
    const isHeld = (row * WRITERS + writer) % 20 === 0
    await client.query(`begin; insert into events (writer) values (${writer}); select pg_sleep(${isHeld ? HELD_S : 0.02}); commit`)
  }
  client.release()
}

it('none of their rows is missed', async () => {
  const rollup = sqlRollup({ source: 'events', time: 'at', target: 'seconds', measures: { events: count() } })
  const refresh = async (): Promise<number> => {
    const { rows } = await pool.query('delete from quarterjack.marks returning from_at')
    const starts = new Set(rows.map(({ from_at: from }) => Math.floor(Number(from) / SECOND) * SECOND))
    const windows = [...starts].map((start) => ({ start: new Date(start), end: new Date(start + SECOND), removed: false }))
    if (windows.length > 0) await rollup({ windows, from: new Date(0), to: new Date() }, inTransaction(pool))
    return windows.length
  }
  let isOver = false
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer))).finally(() => {
    isOver = true
  })
  let refreshed = 0
  while (!isOver) refreshed += await refresh()
  await writing
  await refresh()

  const { rows } = await pool.query(
    `select s.window_start, s.events::int, t.events::int as truth
     from (select date_trunc('second', at) as window_start, count(*) as events from events group by 1) t
     full join seconds s using (window_start) where s.events is distinct from t.events`,
  )
  expect(rows).toEqual([])
  const { rows: sums } = await pool.query('select sum(events)::int as events, count(*)::int as windows from seconds')
  expect(sums[0].events).toBe(WRITERS * ROWS_PER_WRITER)
  // Windows were refreshed again and again, so that there was something to be missed.
  expect(refreshed).toBeGreaterThan(3 * sums[0].windows)
}, 300_000)
