/** The COMMIT of a refresh takes effect, and nobody hears of it: what its run does again does not go over what others wrote since. */
import { createScheduler, defineRollup, type RefreshRequest, type Rollup, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { pgStore } from '../../src/index.ts'
import { type CutProxy, startCutProxy } from '../servers/cut-proxy.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

const HOUR = 3_600_000
const FIRST = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR

let server: PostgresAccess
let database: Database
let proxy: CutProxy
/** Never suffers. */
let direct: Pool
/** By way of the proxy. */
let suffering: Pool
let scheduler: Scheduler | undefined

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  proxy = await startCutProxy(database.url)
  direct = new Pool({ ...database.poolSettings, max: 5 })
  suffering = new Pool({ connectionString: proxy.url, max: 5 })
  for (const pool of [direct, suffering]) {
    pool.on('connect', (client) => client.on('error', () => undefined))
    pool.on('error', () => undefined)
  }
  await direct.query('create table figures (at timestamptz, n int); create table target (at timestamptz primary key, n int)')
})
afterEach(async () => {
  await scheduler?.stop()
  await suffering.end()
  await proxy.close()
  await direct.end()
  await database.drop()
})

/** Where a refresh of a run of the rollup itself, not of its backfills, waits: for the nth time. */
interface Steps {
  /** What was read is about to be written. */
  readonly writing: (time: number) => Promise<void>
  readonly committing: (time: number) => void
}

function rollupOf({ writing, committing }: Steps): Rollup {
  let times = 0
  return defineRollup({
    name: 'figures',
    grain: 'hour',
    start: new Date(FIRST),
    source: 'figures',
    grace: 0,
    refresh: async ({ windows }: RefreshRequest, ctx) => {
      const time = ctx.job === 'figures' ? ++times : null
      await ctx.commitWith(async (tx) => {
        const client = tx as PoolClient
        const { rows } = await client.query<{ at: Date; n: number }>(
          `select w as at, (select sum(n)::int from figures f where f.at >= w and f.at < w + interval '1 hour') as n from unnest($1::timestamptz[]) w`,
          [windows.map((window) => window.start)],
        )
        if (time !== null) await writing(time)
        for (const { at, n } of rows) {
          await client.query('insert into target values ($1, $2) on conflict (at) do update set n = excluded.n', [at, n])
        }
        if (time !== null) committing(time)
        return {}
      })
    },
  })
}

const figures = async (): Promise<readonly unknown[]> =>
  (await direct.query('select n from target order by at')).rows.map(({ n }) => n as unknown)

it('does not put older figures over newer ones', async () => {
  await direct.query('insert into figures values ($1, 1), ($2, 1)', [new Date(FIRST), new Date(FIRST + HOUR)])
  const { promise: isNewer, resolve: tellNewer } = Promise.withResolvers<void>()
  let hasCommitted = false
  let times = 0
  const rollup = rollupOf({
    async writing(time) {
      times = time
      // Its windows were refreshed, but it does not know: what it has read grows old here.
      if (time > 1) await isNewer
    },
    committing(time) {
      if (time === 1) void proxy.cutAt({ at: 'reply', containing: 'commit\0' }).then(() => (hasCommitted = true))
    },
  })
  scheduler = createScheduler({ store: pgStore({ pool: suffering }), jobs: [rollup], logger: false })
  await scheduler.start()
  await until('its commit took effect, and it is at the same windows again', () => hasCommitted && times > 1)
  expect(await figures()).toEqual([1, 1])

  await direct.query('update figures set n = 2')
  await (await scheduler.backfill(rollup, { from: new Date(FIRST), to: new Date(FIRST + 2 * HOUR), select: 'all' })).finished()
  expect(await figures()).toEqual([2, 2])
  tellNewer()

  await until('its run is over', async () => (await direct.query(`select from quarterjack.runs where owner <> ''`)).rowCount === 0)
  expect(times).toBeGreaterThan(2)
  expect(await figures()).toEqual([2, 2])
  expect((await scheduler.health()).rollups).toMatchObject([{ status: 'ok' }])
})
