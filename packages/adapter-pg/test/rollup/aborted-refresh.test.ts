/** A refresh in the transaction of the store that is told to end: its statement is stopped at the server, and its window is refreshed later. */
import { createScheduler, defineRollup, type RefreshContext, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type PgStoreOptions, pgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

/** Far above any patience of a test. */
const SLEEP = 'select pg_sleep(120)'
const HOUR = 3_600_000

interface Querying {
  query?(sql: string): Promise<unknown>
  unsafe?(sql: string): Promise<unknown>
}

let server: PostgresAccess
let database: Database
let pool: Pool
let scheduler: Scheduler | null

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 6 })
  pool.on('error', () => undefined)
  scheduler = null
})
afterEach(async () => {
  await scheduler?.stop()
  await pool.end()
  await database.drop()
})

const sleepers = async (): Promise<number> =>
  Number(
    (await pool.query(`select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`))
      .rows[0]?.n,
  )
const run = (tx: unknown, sql: string): Promise<unknown> => {
  const { query, unsafe } = tx as Querying
  return (query ?? unsafe)?.call(tx, sql) ?? Promise.reject(new Error('no client'))
}

/** Starts a rollup of one window, whose first refresh sleeps. */
async function startSleeping(client: PgStoreOptions, options: { readonly timeout?: string }) {
  const seen = { refreshes: 0, errors: [] as unknown[] }
  const rollup = defineRollup({
    name: 'sleepy',
    grain: 'hour',
    start: new Date(Math.floor(Date.now() / HOUR) * HOUR - HOUR),
    grace: 0,
    retry: { retries: 5, minTimeout: '50ms', maxTimeout: '50ms' },
    ...(options as object),
    refresh: async (_, { commitWith }: RefreshContext) => {
      const isFirst = ++seen.refreshes === 1
      await commitWith(async (tx) => {
        if (isFirst) await run(tx, SLEEP)
      }).catch((error: unknown) => {
        seen.errors.push(error)
        throw error
      })
    },
  })
  scheduler = createScheduler({ store: pgStore(client), jobs: [rollup], logger: false })
  await scheduler.start()
  const isRefreshed = async (): Promise<boolean> => (await scheduler?.rollups.state(rollup))?.freshness === 'ok' && seen.refreshes > 1
  return { rollup, seen, isRefreshed }
}

const clients: readonly [string, () => { readonly options: PgStoreOptions; readonly close: () => Promise<unknown> }][] = [
  ['pg', () => ({ options: { pool }, close: async () => undefined })],
  [
    'postgres.js',
    () => {
      const sql = postgres(database.url, { max: 4, onnotice: () => undefined })
      return { options: { sql }, close: () => sql.end() }
    },
  ],
]

it.each(clients)('stops at the timeout, and is tried again (%s)', async (_, open) => {
  const { options, close } = open()
  const { seen, isRefreshed } = await startSleeping(options, { timeout: '1s' })
  await until('the refresh sleeps', async () => (await sleepers()) === 1)
  await until('nothing sleeps any more', async () => (await sleepers()) === 0)
  await until('the window is refreshed', isRefreshed)
  expect(seen.errors).toEqual([expect.objectContaining({ code: 'AttemptTimedOut' })])
  await scheduler?.stop()
  await close()
})

it('stops when the run is cancelled, and is refreshed by another', async () => {
  const { rollup, seen, isRefreshed } = await startSleeping({ pool }, {})
  await until('the refresh sleeps', async () => (await sleepers()) === 1)
  const [run] = (await scheduler?.runs.find({ job: rollup.name, state: 'running' })) ?? []
  await scheduler?.runs.cancel(run?.id ?? '')
  await until('nothing sleeps any more', async () => (await sleepers()) === 0)
  await until('the window is refreshed', isRefreshed)
  expect(seen.errors).toHaveLength(1)
})
