/** A database user with a statement_timeout of a second, as services have it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, defineJob, every } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

const LIMIT_MS = 1_000

let server: PostgresServer
/** A superuser without limits. */
let root: Pool
beforeAll(async () => {
  server = await startPostgres()
  root = new Pool({ ...server.poolSettings, max: 2 })
  await root.query(
    `create role hasty login; grant create on database postgres to hasty; alter role hasty set statement_timeout = ${LIMIT_MS}`,
  )
})
afterAll(async () => {
  await root.end()
  await server.close()
})

const KINDS: Readonly<Record<string, () => { readonly store: PgStore; end(): Promise<unknown> }>> = {
  pg() {
    const pool = new Pool({ ...server.poolSettings, user: 'hasty', max: 2 })
    return { store: pgStore({ pool }), end: () => pool.end() }
  },
  'postgres.js'() {
    const sql = postgres(`postgres://hasty@127.0.0.1:${server.port}/postgres`, { max: 2, onnotice: () => undefined })
    return { store: pgStore({ sql }), end: () => sql.end() }
  },
}

it.each(Object.keys(KINDS))(
  'by way of %s: what takes longer fails with a code that names the limit, and all goes on by itself',
  async (kind) => {
    const { store, end } = (KINDS[kind] as (typeof KINDS)[string])()
    const late: number[] = []
    const tick = defineJob({
      name: 'tick',
      schedule: every('250ms'),
      catchUp: { all: true },
      run: ({ slot }) => void late.push(Date.now() - Number(slot)),
    })
    const attempts: number[] = []
    const work = defineJob({
      name: 'work',
      run: async ({ attempt }) => {
        attempts.push(attempt)
        await sleep(2_000)
        return 'done'
      },
    })
    const scheduler = createScheduler({ store, jobs: [tick, work], logger: false, lease: '10s' })
    const lost: unknown[] = []
    scheduler.on('lease.lost', (event) => void lost.push(event))
    await scheduler.start()
    const before = (
      await root.query(`select 1 from pg_roles where rolname = 'hasty' and rolconfig::text like '%statement_timeout=${LIMIT_MS}%'`)
    ).rowCount
    expect(before).toBe(1)
    await until('it ticks', () => late.length > 2)
    const run = await scheduler.trigger(work)
    await until('it works', () => attempts.length === 1)

    // Every call is slow now: it waits for a lock until the limit.
    const blocker = await root.connect()
    await blocker.query('begin; lock table quarterjack.runs, quarterjack.schedules, quarterjack.owners in access exclusive mode')
    await expect(store.runs.find({ job: 'work', limit: 1 })).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/57014.*Raise statement_timeout/s),
    })
    await until('health tells', async () => /statement_timeout/.test((await scheduler.health()).store.error ?? ''))
    await sleep(1_500)
    await blocker.query('rollback')
    blocker.release()

    expect(await run.finished()).toBe('done')
    await until('health is fine', async () => (await scheduler.health()).status === 'ok')
    const ticks = late.length
    await until('it ticks again', () => late.length > ticks + 2)
    expect(attempts).toEqual([1])
    expect(lost).toEqual([])
    await scheduler.stop()
    expect(await scheduler.audit()).toMatchObject({ ok: true, complete: true, attested: 0 })
    await store.close()
    await end()
    await root.query('drop schema quarterjack cascade')
  },
  60_000,
)
