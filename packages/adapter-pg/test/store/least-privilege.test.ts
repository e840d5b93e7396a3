/** A service whose database user may do no more than it needs, as `docs/postgres.md` sets it up. */
import { createMutex, createScheduler, defineJob, every } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore, schemaSql } from '../../src/index.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { claimDirty, defineRollups, drainOnce, startWorker, windowsOf } from '../windows/refresh-site.ts'

const SERVICE = `svc's "own"`

let server: PostgresServer
/** A superuser of the database. */
let root: Pool
let service: Pool

beforeAll(async () => {
  server = await startPostgres()
  root = new Pool({ ...server.poolSettings, max: 2 })
  const quoted = `"${SERVICE.replaceAll('"', '""')}"`
  await root.query(`
    create role migrator login;
    create role ${quoted} login;
    create role looker login;
    revoke all on database postgres from public;
    revoke all on schema public from public;
    grant connect, create on database postgres to migrator;
    grant connect on database postgres to ${quoted}, looker;
    create schema app;
    create table app.notes (note text);
    grant usage on schema app to ${quoted};
    grant insert on app.notes to ${quoted}`)
  const migrator = new Pool({ ...server.poolSettings, user: 'migrator', max: 1 })
  await migrator.query(schemaSql({ grantTo: SERVICE }))
  await migrator.query('grant usage on schema quarterjack to looker; grant select on quarterjack.runs_view to looker')
  await migrator.end()
  service = new Pool({ ...server.poolSettings, user: SERVICE, max: 4 })
})
afterAll(async () => {
  await service.end()
  await root.end()
  await server.close()
})

describe('a database user with the privileges of schemaSql', () => {
  it('runs a scheduler with all that belongs to it', async () => {
    const store = pgStore({ pool: service, migrate: false, hints: true })
    const ran: string[] = []
    const tick = defineJob({ name: 'tick', schedule: every('1s'), run: () => void ran.push('tick') })
    const ship = defineJob({
      name: 'ship',
      mutex: 'dock',
      retry: { retries: 1, minTimeout: 10 },
      run: async (ctx) => {
        ctx.progress({ at: 'dock' })
        if (ctx.attempt === 1) throw new Error('not yet')
        await store.commitWith(ctx, async (client) => void (await client.query(`insert into app.notes values ('shipped')`)))
      },
    })
    const bill = defineJob({ name: 'bill', after: [ship], run: () => void ran.push('bill') })
    const scheduler = createScheduler({ store, jobs: [tick, ship, bill], logger: false })
    await scheduler.start()
    await until('it hears hints', () => store.hintStatus.state === 'on')

    const client = await service.connect()
    await client.query('begin')
    const { id } = await scheduler.trigger(ship, undefined, { tx: client })
    await client.query('commit')
    client.release()
    await until('it has shipped', async () => (await scheduler.runs.get(id))?.state === 'succeeded')
    await until('it ticks, and bills', () => ran.includes('tick') && ran.includes('bill'))
    await createMutex(store, 'dock').withLock(async () => undefined)
    await scheduler.suspend(tick, 'to see whether it may')
    await scheduler.resume(tick)
    const cancelled = await scheduler.trigger(bill, undefined, { delay: '1h' })
    await scheduler.runs.cancel(cancelled.id)
    expect(await scheduler.runs.find({ job: 'ship' })).toHaveLength(1)
    expect(await scheduler.audit()).toMatchObject({ violations: [] })
    expect(await scheduler.health()).toMatchObject({ status: 'ok' })
    expect((await root.query('select note from app.notes')).rows).toEqual([{ note: 'shipped' }])
    await scheduler.stop()
    await store.close()
  }, 60_000)

  it('marks what it changes, drains, claims and records refreshes', async () => {
    const store = pgStore({ pool: service, migrate: false, hints: false })
    await store.open()
    const generations = await defineRollups(store)
    const client = await service.connect()
    await client.query('begin')
    await windowsOf(store).mark({ marks: [{ source: 'calls', from: 0, to: 1, kind: 'added' }], tx: client })
    await client.query('commit')
    client.release()
    expect(await drainOnce(windowsOf(store), 10)).toBe(1)
    const worker = await startWorker(store, 'refresher')
    const commit = await claimDirty(store, worker, { rollup: 'hourly', generation: generations.get('hourly') ?? 0, most: 10 })
    const work = async (tx: unknown) => {
      await (tx as PoolClient).query(`insert into app.notes values ('refreshed')`)
      if (commit === null) throw new Error('Nothing was dirty.')
      return commit
    }
    expect((await windowsOf(store).commitWith?.({ work }))?.reply.status).toBe('committed')
    await windowsOf(store).forget({ rollups: [...generations.keys()] })
    await store.runs.leave({ owner: worker.owner })
    await store.close()
  })

  it.each([
    'create table quarterjack.mine (n int)',
    'drop table quarterjack.runs',
    'alter table quarterjack.runs add mine int',
    'truncate quarterjack.history',
    'update quarterjack.meta set version = 0',
    'delete from quarterjack.migrations',
    `create or replace function quarterjack.store_now() returns bigint language sql as 'select 0::bigint'`,
    'create schema mine',
    'create temp table mine (n int)',
  ])('may not: %s', async (sql) => {
    await expect(service.query(sql)).rejects.toMatchObject({ code: '42501' })
  })
})

describe('a database user for looking', () => {
  it('sees runs with instants that can be read, and nothing else', async () => {
    const looker = new Pool({ ...server.poolSettings, user: 'looker', max: 1 })
    const { rows } = await looker.query(
      `select job, state, attempt, finished_at - created_at as took from quarterjack.runs_view where job = 'ship'`,
    )
    expect(rows).toEqual([{ job: 'ship', state: 'succeeded', attempt: 2, took: expect.anything() }])
    await expect(looker.query('select from quarterjack.runs')).rejects.toMatchObject({ code: '42501' })
    await looker.end()
  })
})

describe('the views', () => {
  it('show what the tables hold', async () => {
    const { rows: runs } = await root.query(`select id, state, finished_at is null as open from quarterjack.runs_view order by id`)
    const { rows: stored } = await root.query(
      `select id, state, true as open from quarterjack.runs union all select id, state, false from quarterjack.history order by id`,
    )
    expect(runs).toEqual(stored)
    const { rows: schedules } = await root.query(
      `select job, name, key, next_slot > now() - interval '1 minute' as soon, suspended_at from quarterjack.schedules_view`,
    )
    expect(schedules).toEqual([{ job: 'tick', name: expect.any(String), key: '', soon: true, suspended_at: null }])
    const { rows: owners } = await root.query(`select jobs, running, ended_at is not null as ended from quarterjack.owners_view`)
    expect(owners.at(-1)).toMatchObject({ running: '0', ended: true })
    await root.query('select * from quarterjack.skips_view')
  })
})
