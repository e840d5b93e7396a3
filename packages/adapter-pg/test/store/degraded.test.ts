/** A scheduler whose database is not as it should be: at the start, and later on. */
import { createScheduler, defineJob, every, type Scheduler } from '@quarterjack/core'
import { freePort } from '@quarterjack/fault-kit/free-port'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore, schemaSql } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

let server: PostgresServer
let database: Database
/** A superuser of the database. */
let root: Pool
const endings: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  root = new Pool({ ...database.poolSettings, max: 2 })
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  await root.query('drop owned by plain').catch(() => undefined)
  await root.query('drop role if exists plain')
  await root.end()
  await database.drop()
})

const mail = defineJob({ name: 'mail', run: () => 'sent' })

const openScheduler = (
  config: PoolConfig,
  { migrate = true }: { readonly migrate?: boolean } = {},
): { readonly scheduler: Scheduler; readonly store: PgStore; readonly pool: Pool } => {
  const pool = new Pool({ ...database.poolSettings, max: 2, ...config })
  const store = pgStore({ pool, migrate })
  const scheduler = createScheduler({ store, jobs: [mail], logger: false, lease: '2s', storeTimeout: '1s' })
  endings.push(async () => {
    await scheduler.stop()
    await store.close()
    if (!pool.ended) await pool.end()
  })
  return { scheduler, store, pool }
}

describe('a scheduler that starts says what is wrong, and what to do', () => {
  it.each<{ what: string; config?: () => Promise<PoolConfig>; before?: string; migrate?: boolean; code: string; remedy: RegExp }>([
    {
      what: 'nobody listens there',
      config: async () => ({ port: await freePort() }),
      code: 'StoreUnavailable',
      remedy: /Check host and port/,
    },
    {
      what: 'the user may not create the schema',
      config: async () => ({ user: 'plain' }),
      before: 'create role plain login',
      code: 'StoreUnavailable',
      remedy: /grant create on database "qj_test_\w+" to "plain"/,
    },
    {
      what: 'the user may not use the schema',
      config: async () => ({ user: 'plain' }),
      before: `create role plain login; ${schemaSql()}`,
      migrate: false,
      code: 'SchemaMissing',
      remedy: /user "plain" has no USAGE privilege/,
    },
    { what: 'there is no schema', migrate: false, code: 'SchemaMissing', remedy: /there is no such schema.*schemaSql/s },
    {
      what: 'the schema is for newer code',
      before: `${schemaSql()}; update quarterjack.meta set version = 99, oldest_code = 98`,
      code: 'SchemaNewer',
      remedy: /needs code of version 98 or later.*Upgrade/s,
    },
  ])('$what', async ({ config, before, migrate = true, code, remedy }) => {
    if (before !== undefined) await root.query(before)
    const { scheduler } = openScheduler((await config?.()) ?? {}, { migrate })
    await expect(scheduler.start()).rejects.toMatchObject({ code, message: expect.stringMatching(remedy) })
  })

  it('a schema name that could not be one is refused before anything is asked', () => {
    for (const schema of ['', 'no-good', 'a b', 'x"; drop table users; --', 'pg_jobs', 'x'.repeat(51)]) {
      expect(() => pgStore({ pool: root, schema })).toThrow(expect.objectContaining({ code: 'InvalidOption' }))
    }
  })
})

describe('a scheduler that runs', () => {
  it('says which privilege was taken from it, and goes on when it is given back', async () => {
    await root.query(`create role plain login; ${schemaSql({ grantTo: 'plain' })}`)
    const { scheduler } = openScheduler({ user: 'plain' }, { migrate: false })
    await scheduler.start()
    const run = await scheduler.trigger(mail, undefined, { delay: '1s' })
    await root.query('revoke insert, update, delete on all tables in schema quarterjack from plain')
    await until('health tells', async () =>
      /lacks a privilege.*SELECT, INSERT, UPDATE, DELETE/s.test((await scheduler.health()).store.error ?? ''),
    )
    expect((await scheduler.health()).status).toBe('unhealthy')
    await expect(scheduler.trigger(mail)).rejects.toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(/42501/) })
    await root.query('grant insert, update, delete on all tables in schema quarterjack to plain')
    expect(await run.finished()).toBe('sent')
    await until('health is fine', async () => (await scheduler.health()).status === 'ok')
  }, 60_000)

  it('is not well without a schedule that somebody deleted, and makes it again when it starts', async () => {
    const job = defineJob({ name: 'tidy', schedule: every('1h'), run: () => undefined })
    const start = async (): Promise<Scheduler> => {
      const pool = new Pool({ ...database.poolSettings, max: 2 })
      const store = pgStore({ pool })
      const scheduler = createScheduler({ store, jobs: [job], logger: false, lease: '2s' })
      endings.push(async () => {
        await scheduler.stop()
        await store.close()
        await pool.end()
      })
      await scheduler.start()
      return scheduler
    }
    const first = await start()
    expect((await first.health()).status).toBe('ok')
    await root.query(`delete from quarterjack.schedules where name = '#0'`)
    expect((await first.health()).jobs[0]).toMatchObject({
      status: 'degraded',
      why: ['missingSchedule: the store does not have #0'],
    })
    const second = await start()
    for (const scheduler of [first, second]) {
      expect((await scheduler.health()).jobs[0]).toMatchObject({ status: 'ok', nextSlot: expect.any(String) })
    }
  }, 60_000)

  it('says that its pool was ended, keeps the process, and still stops', async () => {
    const { scheduler, pool } = openScheduler({})
    await scheduler.start()
    await (await scheduler.trigger(mail)).finished()
    await pool.end()
    await until('health tells', async () => /client was ended.*End it after/s.test((await scheduler.health()).store.error ?? ''))
    expect((await scheduler.health()).status).toBe('unhealthy')
    await expect(scheduler.trigger(mail)).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/client was ended/),
    })
    const stoppedAt = performance.now()
    await scheduler.stop()
    expect(performance.now() - stoppedAt).toBeLessThan(8_000)
  }, 60_000)

  it('goes on when its server is frozen for a while, and says so meanwhile', async () => {
    const { scheduler } = openScheduler({ connectionTimeoutMillis: 1_000 })
    await scheduler.start()
    await server.pause()
    await until('health tells', async () => (await scheduler.health()).store.reachable === false)
    server.resume()
    expect(await (await scheduler.trigger(mail)).finished()).toBe('sent')
    await until('health is fine', async () => (await scheduler.health()).status === 'ok')
  }, 60_000)
})
