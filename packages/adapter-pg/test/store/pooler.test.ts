/** Whole schedulers by way of PgBouncer in transaction mode: few sessions, which change hands all the time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createMutex, createScheduler, defineJob, every, type Job, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolClient } from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type Pgbouncer, startPgbouncer } from '../servers/pgbouncer.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { type AnyClient, note, say } from './commit-kinds.ts'

let server: PostgresServer
let bouncer: Pgbouncer
beforeAll(async () => {
  server = await startPostgres()
  bouncer = await startPgbouncer({ url: server.url, poolSize: 3 })
}, 600_000)
afterAll(async () => {
  await bouncer.close()
  await server.close()
})

interface Opened {
  readonly store: PgStore<AnyClient>
  /** Runs `work` in a transaction of the user's. */
  transact(work: (tx: AnyClient) => Promise<unknown>): Promise<unknown>
  end(): Promise<unknown>
}

const KINDS: Readonly<Record<string, (database: Database) => Opened>> = {
  pg(database) {
    const pool = new Pool({ ...bouncer.through(database.url).poolSettings, max: 2 })
    return {
      store: pgStore({ pool }) as PgStore<AnyClient>,
      async transact(work) {
        const client: PoolClient = await pool.connect()
        await client.query('begin')
        await work(client)
        await client.query('commit')
        client.release()
      },
      end: () => pool.end(),
    }
  },
  'postgres.js'(database) {
    const sql = postgres(bouncer.through(database.url).url, { max: 2, prepare: false, onnotice: () => undefined })
    return { store: pgStore({ sql }) as PgStore<AnyClient>, transact: (work) => sql.begin(work), end: () => sql.end() }
  },
}

describe.each(Object.keys(KINDS))('by way of %s and PgBouncer in transaction mode', (kind) => {
  it('two processes share slots, triggers, commits and a mutex, and go on when the sessions are cut', async () => {
    const database = await server.createDatabase()
    const direct = new Pool({ ...database.poolSettings, max: 1 })
    direct.on('error', () => undefined)
    await direct.query('create table notes (note text primary key)')
    const processes = [0, 1].map(() => (KINDS[kind] as (typeof KINDS)[string])(database))
    const slots: number[] = []
    const tick = defineJob({
      name: 'tick',
      schedule: every('500ms'),
      catchUp: { all: true },
      run: ({ slot }) => void slots.push(Number(slot)),
    })
    const define = ({ store }: Opened) => ({
      // Longer than the lease.
      ship: defineJob({
        name: 'ship',
        retry: { retries: 5, minTimeout: 50, maxTimeout: 50 },
        run: async (ctx) => {
          await sleep(2_500)
          await store.commitWith(ctx, (client) => note(client, ctx.runId))
        },
      }),
      bill: defineJob({ name: 'bill', mutex: 'desk', run: () => 'billed' }),
    })
    const jobs = processes.map(define)
    const schedulers = processes.map(
      ({ store }, index): Scheduler =>
        createScheduler({ store, jobs: [tick, ...Object.values(jobs[index] ?? {})] as Job<never, unknown>[], logger: false, lease: '2s' }),
    )
    const lost: unknown[] = []
    for (const scheduler of schedulers) {
      scheduler.on('run.dead', (event) => void lost.push(event))
      await scheduler.start()
    }
    const [first, second] = schedulers as [Scheduler, Scheduler]
    const { ship, bill } = jobs[0] as ReturnType<typeof define>
    const shipped = await Promise.all(Array.from({ length: 10 }, () => first.trigger(ship)))
    let billed = ''
    await processes[1]?.transact(async (tx) => {
      await say(tx, `insert into notes values ('ordered')`)
      billed = (await second.trigger(bill, undefined, { tx })).id
    })
    await createMutex(processes[0]?.store as PgStore, 'desk').withLock(() => sleep(100))
    // What PgBouncer has open.
    await direct.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    await Promise.all(shipped.map((run) => run.finished()))
    await until('it was billed', async () => (await first.runs.get(billed))?.state === 'succeeded')
    const count = slots.length
    await until('it ticks', () => slots.length > count + 3)
    expect(new Set(slots).size).toBe(slots.length)

    const { rows } = await direct.query<{ n: number }>('select count(*)::int as n from notes')
    expect(rows[0]?.n).toBe(shipped.length + 1)
    expect(lost).toEqual([])
    expect(processes.map(({ store }) => store.hintStatus.state)).not.toContain('on')
    for (const scheduler of schedulers) expect((await scheduler.health()).store).toMatchObject({ reachable: true, error: null })
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
    expect(await first.audit()).toMatchObject({ ok: true, complete: true, attested: 0 })
    await Promise.all(processes.map(({ store }) => store.close()))
    await Promise.all(processes.map(({ end }) => end()))
    await direct.end()
    await database.drop()
  }, 90_000)
})
