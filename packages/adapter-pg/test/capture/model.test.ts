/**
 * Random histories: transactions of several writers that stay open across drains and refreshes, and some that roll back, on a
 * partitioned table. When the dust settles, every rollup equals a recomputation, to the row. A failing history prints its seed.
 */
import { seededRandom } from '@quarterjack/core/testing'
import { Pool, type PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { captureChanges, count, countIf, last, max, pgStore, sqlRollup, sum, verifyRollup } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { HOUR, START } from '../rollup/refresher.ts'
import { inTransaction } from '../rollup/store-transaction.ts'

const HISTORIES = process.env.QJ_TEST_TIER === 'full' ? 150 : 4
const STEPS = 250
const WRITERS = 8
const HOURS = 48
const DAY = 24 * HOUR
/** Beside the commits of others and several refreshes. */
const HELD_OPEN = 0.05

let server: PostgresServer
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
})
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: WRITERS + 3 })
  pool.on('error', () => undefined)
  const store = pgStore({ pool, hints: false })
  await store.open()
  await store.close()
  await pool.query(`create table calls (id bigint, at timestamptz, tenant text, ms int) partition by range (at);
    create table calls_first partition of calls for values from ('2026-01-01') to ('2026-01-01 17:00Z');
    create table calls_rest partition of calls default;
    create index on calls (at); create index on calls (id)`)
  await captureChanges({ pool }, { source: 'calls', time: 'at', grain: 'hour' })
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})
afterAll(() => server.close())

/** Whole numbers from 0 to below the one that is given. */
function chance(seed: number): (below: number) => number {
  const random = seededRandom(seed)
  return (below) => Math.floor(random() * below)
}

/** Dirty windows by their start; true: rows may have been taken away. */
type Dirty = Map<number, boolean>

interface Refreshed {
  readonly changed: readonly number[]
  readonly suspect: readonly Date[]
}

function createRollups() {
  const measures = { calls: count(), slow: countIf('ms > 500'), ms: sum('ms'), slowest: max('ms'), newest: last('ms') }
  const hourly = sqlRollup({ source: 'calls', time: 'at', target: 'hourly', by: ['tenant'], measures })
  const daily = sqlRollup({ from: hourly, target: 'daily', by: [] })
  const hours: Dirty = new Map()
  const days: Dirty = new Map()
  const note = (dirty: Dirty, start: number, removed: boolean): void => void dirty.set(start, removed || dirty.get(start) === true)

  const drain = async (): Promise<void> => {
    const { rows } = await pool.query('delete from quarterjack.marks returning from_at, to_at, kind')
    for (const { from_at: from, to_at: to, kind } of rows) {
      const [low, high] = [Math.max(Number(from), START), Math.min(Number(to), START + HOURS * HOUR)]
      for (let at = low - (low % HOUR); at < high; at += HOUR) note(hours, at, kind !== 'added')
    }
  }
  /** Its rows were taken away after the last drain: the mark that says so stands in the log, and makes it dirty once more. */
  const isToBeEmptied = async (start: number): Promise<boolean> => {
    const { rows } = await pool.query(
      `select exists (select from quarterjack.marks where kind <> 'added' and from_at < $1::bigint and to_at > $2::bigint) as is_marked`,
      [start + HOUR, start],
    )
    return rows[0].is_marked
  }
  const refresh = async (rollup: typeof hourly, dirty: Dirty, length: number): Promise<Refreshed> => {
    const windows = [...dirty].map(([start, removed]) => ({ start: new Date(start), end: new Date(start + length), removed }))
    dirty.clear()
    if (windows.length === 0) return { changed: [], suspect: [] }
    const ctx = inTransaction(pool)
    await rollup({ windows, from: new Date(START), to: new Date(START + HOURS * HOUR) }, ctx)
    const suspect = (ctx.recorded[0]?.suspect ?? []).map(({ start }) => start)
    for (const start of suspect) expect(await isToBeEmptied(start.getTime())).toBe(true)
    return { changed: (ctx.recorded[0]?.changed ?? []).map((at) => at.getTime()), suspect }
  }
  return {
    hourly,
    daily,
    drain,
    /** Answers the windows that looked wrong and were left. */
    async refresh(): Promise<readonly Date[]> {
      const changes = await refresh(hourly, hours, HOUR)
      for (const changed of changes.changed) note(days, changed - (changed % DAY), true)
      return [...changes.suspect, ...(await refresh(daily, days, DAY)).suspect]
    },
  }
}

/** One statement of a writer, on rows of its own, so that writers do not wait for each other. */
async function write(client: PoolClient, writer: number, random: (below: number) => number): Promise<void> {
  const at = (): Date => new Date(START + random(HOURS * 3_600) * 1_000)
  const some = `id % ${WRITERS} = ${writer} and id / ${WRITERS} % 7 = ${random(7)}`
  const kind = random(10)
  if (kind < 5) {
    const id = random(1_000) * WRITERS + writer
    const values = [id, at(), random(4), random(1_000), 1 + random(4)]
    await client.query(
      `insert into calls select $1::bigint, $2::timestamptz + g * interval '37 minutes', nullif('t' || $3::int, 't0'), $4::int + g from generate_series(1, $5::int) g
       where $2::timestamptz + g * interval '37 minutes' < '2026-01-03'`,
      values,
    )
  } else if (kind < 6) await client.query(`update calls set ms = ms + 1 where ${some}`)
  else if (kind < 7) await client.query(`update calls set at = $1 where ${some}`, [at()])
  else if (kind < 8) await client.query(`update calls set tenant = 't9' where ${some}`)
  else await client.query(`delete from calls where ${some}`)
}

async function live(seed: number): Promise<{ readonly transactions: number; readonly heldOpen: number }> {
  const random = chance(seed)
  const rollups = createRollups()
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => pool.connect()))
  const until = new Map<number, number>()
  let [transactions, heldOpen] = [0, 0]
  const end = async (writer: number): Promise<void> => {
    until.delete(writer)
    await clients[writer]?.query(random(8) === 0 ? 'rollback' : 'commit')
  }
  try {
    for (let step = 0; step < STEPS; step++) {
      for (const [writer, last] of until) if (step >= last) await end(writer)
      const writer = random(WRITERS)
      const client = clients[writer] as PoolClient
      if (!until.has(writer)) {
        await client.query('begin')
        transactions++
        const isHeld = random(1_000) < 1_000 * HELD_OPEN
        if (isHeld) heldOpen++
        until.set(writer, step + (isHeld ? 40 : 1 + random(3)))
      }
      await write(client, writer, random)
      if (random(40) === 0 && until.size === 0) await pool.query('truncate calls')
      if (random(4) === 0) await rollups.drain()
      if (random(5) === 0) await rollups.refresh()
    }
    for (const writer of [...until.keys()]) await end(writer)
  } finally {
    // What failed may have left transactions open.
    for (const client of clients) client.release(until.size > 0)
  }
  await rollups.drain()
  expect(await rollups.refresh()).toEqual([])
  await compare(rollups)
  return { transactions, heldOpen }
}

async function compare({ hourly, daily }: ReturnType<typeof createRollups>): Promise<void> {
  const measured = `count(*)::int as calls, count(*) filter (where ms > 500)::int as slow, sum(ms)::int as ms, max(ms) as slowest`
  const hours = await pool.query('select window_start, tenant, calls::int, slow::int, ms::int, slowest from hourly order by 1, 2')
  const truth = await pool.query(
    `select date_trunc('hour', at) as window_start, tenant, ${measured} from calls group by 1, 2 order by 1, 2`,
  )
  expect(hours.rows).toEqual(truth.rows)
  const days = await pool.query('select window_start, calls::int, slow::int, ms::int, slowest from daily order by 1')
  const dayTruth = await pool.query(`select date_trunc('day', at) as window_start, ${measured} from calls group by 1 order by 1`)
  expect(days.rows).toEqual(dayTruth.rows)
  const windows = (length: number) =>
    Array.from({ length: (HOURS * HOUR) / length }, (_, n) => ({
      start: new Date(START + n * length),
      end: new Date(START + (n + 1) * length),
    }))
  expect(await verifyRollup({ pool }, hourly, { windows: windows(HOUR) })).toEqual([])
  expect(await verifyRollup({ pool }, daily, { windows: windows(DAY) })).toEqual([])
}

it(`${HISTORIES} histories miss nothing`, async () => {
  let [transactions, heldOpen] = [0, 0]
  const first = Number(process.env.QJ_TEST_SEED ?? 1)
  for (let seed = first; seed < first + HISTORIES; seed++) {
    try {
      const lived = await live(seed)
      transactions += lived.transactions
      heldOpen += lived.heldOpen
      await pool.query('truncate calls, quarterjack.marks; drop table hourly, daily')
    } catch (error) {
      throw new Error(`history ${seed} failed; repeat it with QJ_TEST_SEED=${seed}`, { cause: error })
    }
  }
  expect(heldOpen / transactions).toBeGreaterThan(0.02)
}, 900_000)
