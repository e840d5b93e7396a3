/** Code of this version on the schema of the next one: before, while and after somebody migrates to it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, defineJob, every } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver } from '../../src/client/driver.ts'
import { createNodePgClient } from '../../src/client/node-pg.ts'
import { pgStore, type PgStore } from '../../src/index.ts'
import { schemaParts } from '../../src/parts.ts'
import { versionOf } from '../../src/schema/schema-parts.ts'
import { conform, POSTGRES_CAPABILITIES } from '../conformance/conform.ts'
import { nodePgBackend } from '../conformance/node-pg-backend.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { enqueueRequest } from '../store/requests.ts'
import { migrateToNext } from './next-version.ts'

if (['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '')) {
  describe('the store contract', () =>
    conform({
      open: async () => {
        const server = await obtainPostgres()
        const database = await server.createDatabase()
        const pool = new Pool({ ...database.poolSettings, max: 1 })
        await migrateToNext(createDriver(createNodePgClient(pool), { store: 'pg', schema: 'quarterjack' }))
        await pool.end()
        return nodePgBackend(database.poolSettings, async () => {
          await database.drop()
          await server.close()
        })
      },
      capabilities: POSTGRES_CAPABILITIES,
    }))
} else
  console.info(
    'left to test:full: the store contract on the schema of the next version (packages/adapter-pg/test/schema/next-version.test.ts)',
  )

describe('a scheduler of this version', () => {
  let server: PostgresAccess
  let database: Database
  let pool: Pool
  beforeAll(async () => {
    server = await obtainPostgres()
    database = await server.createDatabase()
    pool = new Pool({ ...database.poolSettings, max: 5 })
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
    await server.close()
  })

  it('works on when its schema becomes that of the next version, and starts on it', async () => {
    await pool.query('create table shipped (run text not null)')
    const shipped = async (): Promise<number> => Number((await pool.query('select count(*) as n from shipped')).rows[0]?.n)
    const ran = { tick: 0, bill: 0 }
    const openScheduler = (store: PgStore<PoolClient>) => {
      const tick = defineJob({ name: 'tick', schedule: every('1s'), run: () => void ran.tick++ })
      const ship = defineJob({
        name: 'ship',
        concurrency: 3,
        mutex: 'dock',
        retry: { retries: 3, minTimeout: 10, maxTimeout: 10 },
        run: async (ctx) => {
          if (ctx.attempt === 1) throw new Error('not yet')
          // Counted where the commit counts: a commit that the migration is in the way of is rolled back, and tried again.
          await store.commitWith(ctx, (client) => client.query('insert into shipped values ($1)', [ctx.idempotencyKey]))
        },
      })
      const bill = defineJob({ name: 'bill', after: [ship], run: () => void ran.bill++ })
      return { scheduler: createScheduler({ store, jobs: [tick, ship, bill], logger: false, lease: '2s' }), ship }
    }
    const version = async (): Promise<unknown> => (await pool.query('select version from quarterjack.meta')).rows[0]?.version

    const before = pgStore({ pool })
    const first = openScheduler(before)
    await first.scheduler.start()
    const work = Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        await sleep(index * 40)
        await (await first.scheduler.trigger(first.ship)).finished()
      }),
    )
    await until('it works', async () => (await shipped()) > 3)
    await migrateToNext(createDriver(createNodePgClient(pool), { store: 'pg', schema: 'quarterjack' }))
    const shippedBefore = await shipped()
    expect(await version()).toBe(versionOf(schemaParts) + 1)
    expect(shippedBefore).toBeLessThan(40)
    await work

    const after = pgStore({ pool, migrate: false })
    const second = openScheduler(after)
    await second.scheduler.start()
    await (await second.scheduler.trigger(second.ship)).finished()
    const ticks = ran.tick
    await until('it ticks', () => ran.tick > ticks)
    expect(await version()).toBe(versionOf(schemaParts) + 1)
    await Promise.all([first.scheduler.stop(), second.scheduler.stop()])
    expect(await shipped()).toBe(41)
    expect((await pool.query('select count(distinct run)::int as n from shipped')).rows).toEqual([{ n: 41 }])
    expect(ran.bill).toBeGreaterThan(0)
    expect(await second.scheduler.audit()).toMatchObject({ violations: [] })
    await Promise.all([before.close(), after.close()])
  })

  it('lets others work while somebody is in the way of the migration', async () => {
    await pool.query('drop schema quarterjack cascade')
    const store = pgStore({ pool })
    await store.open()
    const reader = await pool.connect()
    await reader.query('begin')
    await reader.query('select from quarterjack.runs')
    const migrated = migrateToNext(createDriver(createNodePgClient(pool), { store: 'pg', schema: 'quarterjack' }))
    const waits: number[] = []
    for (let call = 0; call < 4; call++) {
      await sleep(300)
      const askedAt = performance.now()
      await store.runs.enqueue({ requests: [enqueueRequest('mail')] })
      waits.push(performance.now() - askedAt)
    }
    expect(Math.max(...waits)).toBeLessThan(4_000)
    await reader.query('commit')
    reader.release()
    await migrated
    expect((await pool.query('select count(*)::int as n, count(made_up)::int as m from quarterjack.runs')).rows).toEqual([{ n: 4, m: 0 }])
    await store.close()
  })
})
