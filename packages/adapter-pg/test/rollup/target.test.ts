/** What a scheduler does with the target of a rollup in SQL, in its store's database or in another. */
import { createScheduler, defineRollup, memoryStore, type Rollup, type Scheduler, type Store } from '@quarterjack/core'
import { runCli } from '@quarterjack/core/cli'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { captureChanges, count, pgStore, removeCapture, sqlRollup, sum } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

const range = { from: new Date('2026-01-01T01:00Z'), to: new Date('2026-01-01T03:00Z') }

let server: PostgresAccess
let database: Database
let pool: Pool
const schedulers: Scheduler[] = []

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 8 })
  pool.on('error', () => undefined)
  await pool.query(`create table calls (at timestamptz not null, model text, cost int);
    create index on calls (at);
    insert into calls select timestamptz '2026-01-01Z' + g * interval '1 minute', 'm' || g % 3, g from generate_series(0, 299) g`)
})
afterEach(async () => {
  await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.stop()))
  await pool.end()
  await database.drop()
})

function rollupsOf(own: { readonly pool?: Pool } = {}): readonly [Rollup, Rollup] {
  const measures = { calls: count(), cost: sum('cost') }
  const sql = sqlRollup({ source: 'calls', time: 'at', target: 'calls_hourly', by: ['model'], measures, ...own })
  const start = '2026-01-01'
  const debounce = { wait: '50ms', maxWait: '200ms' } as const
  // Nothing but what is marked or asked for is refreshed, however long ago it was.
  const shared = { start, debounce, source: 'calls', capture: 'complete', allowedLateness: '9999d' } as const
  const hourly = defineRollup({ name: 'calls-hourly', grain: 'hour', ...shared, refresh: sql })
  const daily = defineRollup({
    name: 'calls-daily',
    grain: 'day',
    after: [hourly],
    ...shared,
    refresh: sqlRollup({ from: sql, target: 'calls_daily', by: ['model'] }),
  })
  return [hourly, daily]
}

function schedulerOn(store: Store, jobs: readonly Rollup[]): Scheduler {
  const scheduler = createScheduler({ store, jobs: [...jobs], logger: false, lease: '3s' })
  schedulers.push(scheduler)
  return scheduler
}

const rows = async (): Promise<unknown> => (await pool.query('select * from calls_hourly order by 1, 2')).rows
const total = async (table: string): Promise<number> => Number((await pool.query(`select sum(calls) as n from ${table}`)).rows[0]?.n)

async function filled(scheduler: Scheduler): Promise<void> {
  await scheduler.start()
  await scheduler.mark('calls', { from: new Date('2026-01-01Z'), to: new Date('2026-01-01T05:00Z') })
  await until('both are filled', async () => (await total('calls_daily').catch(() => 0)) === 300)
}

describe.each([
  ['in the database of the store', () => pgStore({ pool }), (): { pool?: Pool } => ({})],
  ['on a client of its own', () => memoryStore(), () => ({ pool })],
] as const)('the target of a rollup, %s', (_, storeOf, own) => {
  it('is copied before a backfill and put back, and its parents follow', async () => {
    const scheduler = schedulerOn(storeOf(), rollupsOf(own()))
    await filled(scheduler)
    const before = await rows()
    let out = ''
    const cli = (line: string) => {
      out = ''
      const stdout = {
        write: (text: string) => {
          out += text
        },
      }
      return runCli(scheduler, line.split(' '), { name: 'app', env: {}, stdout, stderr: stdout })
    }
    // Figures that a backfill would undo.
    await pool.query("delete from calls where at >= '2026-01-01T01:00Z' and at < '2026-01-01T02:00Z' and model = 'm0'")
    expect(await cli(`backfill calls-hourly --from ${range.from.toISOString()} --to ${range.to.toISOString()} --snapshot --json`)).toBe(0)
    const { snapshot } = JSON.parse(out) as { snapshot: string }
    expect(snapshot).toMatch(/^calls_hourly_\d{8}_\d{9}$/)
    expect((await pool.query(`select count(*)::int as n from ${snapshot}`)).rows).toEqual([{ n: 6 }])
    expect(await rows()).not.toEqual(before)
    await until('the parent lost them, too', async () => (await total('calls_daily')) === 280)

    expect(await cli(`rollups restore calls-hourly ${snapshot} --json`)).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ rollup: 'calls-hourly', snapshot, rows: 6, from: range.from.toISOString() })
    expect(await rows()).toEqual(before)
    await until('the parent has them back', async () => (await total('calls_daily')) === 300)
    expect(await cli('rollups restore calls-hourly calls')).toBe(2)
    expect(out).toContain('table calls is no snapshot')
  })
})

describe('in the database of the store, what comes after a rollup', () => {
  const restored = async () => {
    const scheduler = schedulerOn(pgStore({ pool }), rollupsOf())
    await filled(scheduler)
    await scheduler.stop()
    const { snapshot } = await scheduler.rollups.snapshot('calls-hourly', range)
    await pool.query('update calls_hourly set calls = 0')
    return { scheduler, snapshot }
  }
  const marks = async () => (await pool.query("select xmin, kind from quarterjack.marks where source like '%calls-hourly'")).rows

  it('is marked in the transaction that puts its rows back', async () => {
    const { scheduler, snapshot } = await restored()
    await scheduler.rollups.restore('calls-hourly', snapshot)
    const found = await pool.query('select distinct xmin from calls_hourly where calls > 0')
    expect(await marks()).toEqual(found.rows.map((row) => ({ ...row, kind: 'removed' })))
    expect(found.rows).toHaveLength(1)
  })

  it('is not marked when that is rolled back', async () => {
    const { scheduler, snapshot } = await restored()
    await pool.query(`create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
      create constraint trigger refuse after insert on calls_hourly deferrable initially deferred for each row execute function refuse()`)
    await expect(scheduler.rollups.restore('calls-hourly', snapshot)).rejects.toThrow()
    expect([await marks(), await total('calls_hourly')]).toEqual([[], 0])
  })
})

describe('rollups ddl', () => {
  it.each([
    ['in the database of the store', () => pgStore({ pool }), (): { pool?: Pool } => ({})],
    ['on a client of its own', () => memoryStore(), () => ({ pool })],
  ] as const)('%s prints what makes the target as a refresh would', async (_, storeOf, own) => {
    const [hourly] = rollupsOf(own())
    const scheduler = schedulerOn(storeOf(), [hourly])
    const written: string[] = []
    const stdout = { write: (text: string) => written.push(text) }
    expect(await runCli(scheduler, ['rollups', 'ddl', 'calls-hourly'], { name: 'app', env: {}, stdout })).toBe(0)
    const columns = async () =>
      (await pool.query("select column_name, data_type from information_schema.columns where table_name = 'calls_hourly' order by 1")).rows
    expect(await columns()).toEqual([])
    await pool.query(written.join(''))
    const made = await columns()
    expect(made).toHaveLength(4)
    await scheduler.start()
    await until('it was refreshed', async () => (await total('calls_hourly')) === 300)
    expect(await columns()).toEqual(made)
  })
})

describe('doctor', () => {
  const lines = async (scheduler: Scheduler): Promise<readonly string[]> => {
    const written: string[] = []
    const stdout = { write: (text: string) => written.push(text) }
    await runCli(scheduler, ['doctor', '--json'], { name: 'app', env: {}, stdout })
    const { checks } = JSON.parse(written.join('')) as { checks: readonly { name: string; status: string; detail: string }[] }
    return checks.filter(({ name }) => name === 'source').map(({ status, detail }) => `${status} ${detail}`)
  }

  it('tells of triggers, their readers and a missing index, in the schema of the store', async () => {
    const [hourly] = rollupsOf()
    const store = pgStore({ pool, schema: 'jobs' })
    const scheduler = schedulerOn(store, [hourly])
    expect(await lines(scheduler)).toEqual([expect.stringMatching(/^warn of calls-hourly: calls is not captured/)])
    await captureChanges({ pool }, { source: 'calls', time: 'at', schema: 'jobs', rollups: [hourly] })
    expect(await lines(scheduler)).toEqual([expect.stringMatching(/^warn of calls-hourly: no rollup reads calls/)])
    await scheduler.start()
    expect(await lines(scheduler)).toEqual(['ok of calls-hourly: nothing to mend'])
    await pool.query('drop index calls_at_idx; alter table calls disable trigger user')
    expect(await lines(scheduler)).toEqual([
      expect.stringMatching(/^fail of calls-hourly: the trigger of calls for .* is disabled/),
      expect.stringMatching(/^warn of calls-hourly: no index of calls begins with at/),
    ])
  })

  it('tells of triggers on tables that no rollup reads any more, once for all rollups', async () => {
    const [hourly, daily] = rollupsOf()
    const scheduler = schedulerOn(pgStore({ pool }), [hourly, daily])
    await scheduler.start()
    await captureChanges({ pool }, { source: 'calls', time: 'at', rollups: [hourly] })
    await pool.query('create table orders (placed timestamptz); create index on orders (placed)')
    await captureChanges({ pool }, { source: 'orders', time: 'placed', grain: 'hour' })
    expect((await lines(scheduler)).filter((line) => line.includes('orders'))).toEqual([
      expect.stringMatching(/^warn of .*: orders is captured, and no rollup reads it/),
    ])
    await removeCapture({ pool }, { source: 'orders', time: 'placed' })
    expect((await lines(scheduler)).filter((line) => line.includes('orders'))).toEqual([])
  })

  it('looks through the client of the rollup, and asks for no triggers where marks are made by hand', async () => {
    const sql = sqlRollup({ pool, source: 'calls', time: 'at', target: 'by_hand', measures: { calls: count() } })
    const byHand = defineRollup({ name: 'by-hand', grain: 'hour', start: '2026-01-01', refresh: sql })
    expect(await lines(schedulerOn(memoryStore(), [byHand]))).toEqual(['ok of by-hand: nothing to mend'])
    await pool.query('drop index calls_at_idx')
    expect(await lines(schedulerOn(memoryStore(), [byHand]))).toEqual([expect.stringContaining('no index of calls begins with at')])
    await pool.query('alter table calls rename to events; create view calls as select * from events')
    expect(await lines(schedulerOn(memoryStore(), [byHand]))).toEqual([])
    await pool.query('drop view calls')
    expect(await lines(schedulerOn(memoryStore(), [byHand]))).toEqual(['fail of by-hand: there is no table calls'])
    const unreachable = defineRollup({ name: 'no-client', grain: 'hour', start: '2026-01-01', refresh: rollupsOf()[0].policy.refresh })
    expect(await lines(schedulerOn(memoryStore(), [unreachable]))).toEqual([
      expect.stringContaining('could not be looked at: sqlRollup: the store shares'),
    ])
  })
})

describe('the target of a rollup', () => {
  it('is out of reach where the store has no transactions and the rollup no client', async () => {
    const scheduler = schedulerOn(memoryStore(), rollupsOf())
    const wanted = { code: 'TransactionsUnsupported', message: expect.stringContaining('sqlRollup({ pool, … })') }
    await expect(scheduler.rollups.snapshot('calls-hourly', range)).rejects.toMatchObject(wanted)
    await expect(scheduler.rollups.restore('calls-hourly', 'calls_hourly_1')).rejects.toMatchObject(wanted)
    await expect(scheduler.rollups.targetSql('calls-hourly')).rejects.toMatchObject(wanted)
  })
})
