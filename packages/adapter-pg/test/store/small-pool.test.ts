/** A pool of two connections that handlers take for themselves, for longer than the lease. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createMutex, createScheduler, defineJob, every, type Job, type RunContext, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

const LEASE_MS = 2_000
const HELD_MS = 3_500

/** A connection that a handler has for itself. */
interface Taken {
  query(sql: string): Promise<unknown>
  release(): void
}

interface TwoConnections {
  readonly store: PgStore
  take(): Promise<Taken>
  end(): Promise<unknown>
}

const KINDS: Readonly<Record<string, (database: Database) => TwoConnections>> = {
  pg({ poolSettings }) {
    const pool = new Pool({ ...poolSettings, max: 2 })
    return { store: pgStore({ pool }), take: () => pool.connect(), end: () => pool.end() }
  },
  'postgres.js'({ url }) {
    const sql = postgres(url, { max: 2, onnotice: () => undefined })
    const take = async (): Promise<Taken> => {
      const reserved = await sql.reserve()
      return { query: (text) => reserved.unsafe(text).execute(), release: () => reserved.release() }
    }
    return { store: pgStore({ sql }), take, end: () => sql.end() }
  },
}

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())

describe.each(Object.keys(KINDS))('handlers hold both connections of %s for longer than the lease', (kind) => {
  let database: Database
  let made: TwoConnections
  let scheduler: Scheduler | null = null
  /** What must not happen. */
  let losses: unknown[] = []
  /** Asks on connections of its own. */
  let direct: Pool

  beforeEach(async () => {
    database = await server.createDatabase()
    made = (KINDS[kind] as (database: Database) => TwoConnections)(database)
    direct = new Pool({ ...database.poolSettings, max: 2 })
    direct.on('error', () => undefined)
    await direct.query('create table stock (left_over int)')
    await direct.query('insert into stock values (10)')
    losses = []
  })
  afterEach(async () => {
    await scheduler?.stop({ grace: '1s' })
    scheduler = null
    await made.store.close()
    await Promise.all([made.end(), direct.end()])
    await database.drop()
  }, 30_000)

  const start = async (...jobs: readonly Job<never, unknown>[]): Promise<Scheduler> => {
    scheduler = createScheduler({ store: made.store, jobs, logger: false, lease: LEASE_MS, storeTimeout: '1s' })
    for (const name of ['lease.lost', 'run.stale', 'run.dead', 'owner.expired'] as const) {
      scheduler.on(name, (event) => void losses.push(event))
    }
    await scheduler.start()
    await until('it listens', () => made.store.hintStatus.state === 'on')
    return scheduler
  }

  it('slots fire in time, triggers are taken and executed, a mutex goes round, and no lease is lost', async () => {
    const { promise: freed, resolve: free } = Promise.withResolvers<undefined>()
    const held: number[] = []
    const hold = defineJob({
      name: 'hold',
      run: async ({ attempt, signal }) => {
        const taken = await made.take()
        held.push(attempt)
        await freed
        taken.release()
        signal.throwIfAborted()
        return 'held'
      },
    })
    const late: number[] = []
    const tick = defineJob({ name: 'tick', schedule: every('1s'), run: ({ slot }) => void late.push(Date.now() - Number(slot)) })
    const note = defineJob({ name: 'note', run: () => 'noted' })
    const { trigger, health, audit } = await start(hold, tick, note)
    const runs = [await trigger(hold), await trigger(hold)]
    await until('both are held', () => held.length === 2)
    late.length = 0
    const heldAt = performance.now()

    expect(await (await trigger(note)).finished()).toBe('noted')
    expect(await createMutex(made.store, 'desk').withLock(async () => 'done', { wait: '3s' })).toBe('done')
    expect((await health()).store).toMatchObject({ reachable: true, error: null })
    await sleep(HELD_MS - (performance.now() - heldAt))
    expect(late.length).toBeGreaterThanOrEqual(2)
    expect(Math.max(...late)).toBeLessThan(1_000)

    free(undefined)
    expect(await Promise.all(runs.map((run) => run.finished()))).toEqual(['held', 'held'])
    expect(held).toEqual([1, 1])
    expect(losses).toEqual([])
    expect(await audit()).toMatchObject({ ok: true, attested: 0 })
  }, 60_000)

  it('and wait for locks of their own tables: nothing is lost or aborted', async () => {
    const attempts: number[] = []
    const sell = defineJob({
      name: 'sell',
      run: async ({ attempt, signal }: RunContext) => {
        attempts.push(attempt)
        const taken = await made.take()
        try {
          await taken.query('update stock set left_over = left_over - 1')
        } finally {
          taken.release()
        }
        signal.throwIfAborted()
        return 'sold'
      },
    })
    const { trigger, health } = await start(sell)
    const blocker = await direct.connect()
    await blocker.query('begin; lock table stock in access exclusive mode')
    const runs = [await trigger(sell), await trigger(sell)]
    await until('both wait', async () => {
      const { rows } = await direct.query<{ n: number }>(`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`)
      return rows[0]?.n === 2
    })
    await sleep(HELD_MS)
    expect(await health()).toMatchObject({ status: 'ok' })
    await blocker.query('commit')
    blocker.release()
    expect(await Promise.all(runs.map((run) => run.finished()))).toEqual(['sold', 'sold'])
    expect(attempts).toEqual([1, 1])
    expect(losses).toEqual([])
    expect((await direct.query('select left_over from stock')).rows).toEqual([{ left_over: 8 }])
  }, 60_000)
})
