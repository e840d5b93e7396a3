/** `commitWith` when something fails: owners that are late, connections and processes that die, answers that get lost. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, defineJob, type RunContext, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolConfig } from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { type CutProxy, startCutProxy } from '../servers/cut-proxy.ts'
import type { Database } from '../servers/database.ts'
import { startPgbouncer } from '../servers/pgbouncer.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { type AnyClient, NOTES, note, say } from './commit-kinds.ts'

let server: PostgresServer
let database: Database
/** Never suffers. */
let direct: Pool
/** A pool whose clients may still be saying goodbye when their database is dropped. */
const openPool = (config: PoolConfig): Pool => {
  const pool = new Pool(config)
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('error', () => undefined)
  return pool
}
/** What a test opens, ended last first. */
const opened: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  direct = openPool({ ...database.poolSettings, max: 2 })
  await direct.query(`${NOTES}; insert into others values ('shared')`)
})
afterEach(async () => {
  for (const end of opened.splice(0).reverse()) await end()
  await direct.end()
  await database.drop()
})

interface Opened {
  readonly url?: string
  readonly max?: number
  readonly hints?: boolean
}

const KINDS: Readonly<Record<string, (opening: Opened) => PgStore<AnyClient>>> = {
  pg({ url = database.url, max = 3, hints = true }) {
    const pool = openPool({ connectionString: url, max })
    opened.push(() => pool.end())
    return pgStore({ pool, hints }) as PgStore<AnyClient>
  },
  'postgres.js'({ url = database.url, max = 3, hints = true }) {
    // Statements that are not prepared have their text in every request, for the proxy to find.
    const sql = postgres(url, { max, prepare: false, onnotice: () => undefined, backoff: () => 0.05 })
    opened.push(() => sql.end({ timeout: 1 }))
    return pgStore({ sql, hints }) as PgStore<AnyClient>
  },
}
const open = (kind: string, opening: Opened = {}): PgStore<AnyClient> => {
  const store = (KINDS[kind] as (typeof KINDS)[string])(opening)
  opened.push(() => store.close())
  return store
}

const schedule = (store: PgStore<AnyClient>, run: (ctx: RunContext) => Promise<unknown>, lease: '2s' | '30s' = '2s') => {
  const ship = defineJob({ name: 'ship', retry: { retries: 3, minTimeout: 20, maxTimeout: 20 }, run })
  const scheduler = createScheduler({ store, jobs: [ship], logger: false, lease })
  opened.push(() => scheduler.stop())
  return { scheduler, ship }
}
const notes = async (): Promise<readonly string[]> =>
  (await direct.query<{ note: string }>('select note from notes order by note')).rows.map((row) => row.note)
const attemptsOf = async (scheduler: Scheduler, id: string): Promise<readonly string[]> =>
  (await scheduler.runs.get(id))?.attempts.map(({ outcome }) => outcome) ?? []

describe.each(Object.keys(KINDS))('by way of %s', (kind) => {
  it('the work of an owner that is late is rolled back', async () => {
    const errors: unknown[] = []
    const store = open(kind, { hints: false })
    const { scheduler, ship } = schedule(
      store,
      async (ctx) => {
        try {
          await store.commitWith(ctx, async (client) => {
            await note(client, 'late')
            await until('another has taken the run over', () => fence > ctx.fence)
          })
        } catch (error) {
          errors.push(error)
          throw error
        }
      },
      '30s',
    )
    let fence = 0
    const stale: string[] = []
    scheduler.on('run.stale', ({ runId }) => stale.push(runId))
    await scheduler.start()
    // Its first look for work would tell it that it lost its lease, were it still to come.
    await until('it has looked for work', async () => (await direct.query('select from quarterjack.owners where fence > 0')).rowCount === 1)
    const run = await scheduler.trigger(ship)
    await until('it runs', async () => (await direct.query(`select from quarterjack.runs where owner <> ''`)).rowCount === 1)
    await direct.query(`update quarterjack.owners set expires_at = 1`)

    // By hand, so that nobody tells the late one.
    const { runs: other } = open(kind, { hints: false })
    await other.renew({ owner: 'other', leaseMs: 60_000, jobs: [{ job: 'ship', hash: 'x' }], started: [], progress: [] })
    const [claimed] = (await other.claim({ owner: 'other', leaseMs: 60_000, limit: 1, start: 1, seenFence: 0 })).runs
    fence = claimed?.record.fence ?? 0
    await until('the late one was told', () => stale.length === 1)
    expect(errors).toEqual([expect.objectContaining({ code: 'StaleLease', message: expect.stringContaining('was rolled back') })])
    expect(await notes()).toEqual([])
    expect(await scheduler.runs.get(run.id)).toMatchObject({ state: 'running', attempt: 2 })
  })

  it('a connection that dies within it takes everything back, and nobody else with it', async () => {
    const store = open(kind)
    const { scheduler, ship } = schedule(store, (ctx) =>
      store.commitWith(ctx, async (client) => {
        await note(client, `attempt ${ctx.attempt}`)
        if (ctx.attempt === 1) await say(client, 'select pg_terminate_backend(pg_backend_pid())')
        if (ctx.attempt === 2) {
          await direct.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`,
          )
          await sleep(100)
        }
      }),
    )
    await scheduler.start()
    const run = await scheduler.trigger(ship)
    await run.finished()
    expect(await notes()).toEqual(['attempt 3'])
    expect(await attemptsOf(scheduler, run.id)).toEqual(['failed', 'failed', 'succeeded'])
  })

  describe('an answer to COMMIT that gets lost', () => {
    let proxy: CutProxy
    beforeEach(async () => {
      proxy = await startCutProxy(database.url)
      opened.push(() => proxy.close())
    })

    it.each([
      ['after it took effect: the run has succeeded', 'reply', ['attempt 1']],
      ['because it never arrived: the run is tried again', 'request', ['attempt 2']],
    ] as const)('%s', async (_, at, expected) => {
      const errors: unknown[] = []
      const store = open(kind, { url: proxy.url })
      const { scheduler, ship } = schedule(store, async (ctx) => {
        try {
          await store.commitWith(ctx, async (client) => {
            await note(client, `attempt ${ctx.attempt}`)
            if (ctx.attempt === 1) void proxy.cutAt({ at, containing: 'commit\0' })
            return ctx.attempt
          })
        } catch (error) {
          errors.push(error)
          throw error
        }
      })
      await scheduler.start()
      const run = await scheduler.trigger(ship)
      expect(await run.finished()).toBe(at === 'reply' ? 1 : 2)
      await until('the handler was told', () => errors.length > 0)
      expect(errors).toEqual([
        expect.objectContaining({ code: 'StoreUnavailable', message: expect.stringContaining('It may have taken effect') }),
      ])
      await sleep(300)
      expect(await notes()).toEqual(expected)
      expect(await scheduler.runs.get(run.id)).toMatchObject({ state: 'succeeded' })
    })
  })

  it('a process that is asked to stop lets it commit within its grace, and takes it back beyond', async () => {
    for (const grace of ['5s', '300ms'] as const) {
      const [leaving, staying] = [open(kind), open(kind)]
      let began = 0
      const work = (store: PgStore<AnyClient>, ms: number) => (ctx: RunContext) =>
        store.commitWith(ctx, async (client) => {
          await note(client, `${grace} ${ms} ${ctx.attempt}`)
          began++
          await sleep(ms)
        })
      const first = schedule(leaving, work(leaving, 1_500))
      const second = schedule(staying, work(staying, 0))
      await first.scheduler.start()
      const run = await first.scheduler.trigger(first.ship)
      await until('it is at it', () => began === 1)
      await second.scheduler.start()
      const stoppedAt = performance.now()
      await first.scheduler.stop({ grace })
      expect(performance.now() - stoppedAt).toBeLessThan(4_000)
      await second.scheduler.runs.get(run.id)
      await until('the run has succeeded', async () => (await second.scheduler.runs.get(run.id))?.state === 'succeeded')
      await second.scheduler.stop()
    }
    // A stop burns no attempt.
    expect(await notes()).toEqual(['300ms 0 1', '5s 1500 1'])
  })

  it('with two connections, handlers may commit for longer than the lease', async () => {
    const store = open(kind, { max: 2 })
    let attempts = 0
    const { scheduler, ship } = schedule(store, (ctx) => {
      attempts++
      return store.commitWith(
        ctx,
        async (client) => {
          for (let step = 0; step < 16; step++) {
            await say(client, 'select 1')
            await sleep(200)
          }
          await note(client, ctx.runId)
        },
        { within: '15s' },
      )
    })
    await scheduler.start()
    const runs = await Promise.all([scheduler.trigger(ship), scheduler.trigger(ship)])
    await Promise.all(runs.map((run) => run.finished()))
    expect(await notes()).toHaveLength(2)
    expect(attempts).toBe(2)
  })
})

describe('limits of the transaction', () => {
  it('are below the lease, leave shorter ones alone, and end with it', async () => {
    const seen: Record<string, string>[] = []
    const pool = openPool({ ...database.poolSettings, max: 1, idle_in_transaction_session_timeout: 700 })
    opened.push(() => pool.end())
    const store = pgStore({ pool })
    const show = `select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`
    const { scheduler, ship } = schedule(store as PgStore<AnyClient>, (ctx) =>
      store.commitWith(
        ctx,
        async (client) => {
          seen.push((await client.query<Record<string, string>>(show)).rows[0] ?? {})
        },
        { within: ctx.attempt === 1 ? '500ms' : '10s' },
      ),
    )
    opened.push(() => store.close())
    await scheduler.start()
    await (await scheduler.trigger(ship)).finished()
    expect(seen).toEqual([{ statement: '1500ms', idle: '700ms' }])
    expect((await pool.query(show)).rows).toEqual([{ statement: '0', idle: '700ms' }])
  })

  it('let nobody wait for a process that froze', async () => {
    const seen: number[] = []
    const pool = openPool({ ...database.poolSettings, max: 1 })
    opened.push(() => pool.end())
    const store = pgStore({ pool })
    opened.push(() => store.close())
    const { scheduler, ship } = schedule(store as PgStore<AnyClient>, (ctx) =>
      store.commitWith(ctx, async (client) => {
        const { rows } = await client.query<{ ms: string }>(
          `select setting as ms from pg_settings where name in ('statement_timeout', 'idle_in_transaction_session_timeout')`,
        )
        seen.push(...rows.map(({ ms }) => Number(ms)))
      }),
    )
    await scheduler.start()
    await (await scheduler.trigger(ship)).finished()
    expect(seen).toHaveLength(2)
    for (const ms of seen) {
      expect(ms).toBeGreaterThan(500)
      expect(ms).toBeLessThanOrEqual(2_000)
    }
  })
})

describe('a process that', () => {
  it.each([
    ['is killed while it writes', 'writing', 'SIGKILL'],
    ['is killed before it commits', 'committing', 'SIGKILL'],
    ['freezes while it writes', 'writing', 'SIGSTOP'],
    ['freezes before it commits', 'committing', 'SIGSTOP'],
  ] as const)('%s leaves nothing behind, and another does it once', async (_, phase, signal) => {
    const store = open('pg')
    await store.open()
    const child = fork(new URL('./commit-worker.ts', import.meta.url), [database.url, phase, signal], {
      execArgv: ['--conditions=@quarterjack/source'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    opened.push(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    })
    const { scheduler, ship } = schedule(store, (ctx) =>
      store.commitWith(ctx, async (client) => {
        await say(client, 'update others set name = name')
        await note(client, 'in time')
      }),
    )
    const run = await scheduler.trigger(ship)
    await until('it is at it', async () => {
      const { rowCount } = await direct.query(
        `select from pg_stat_activity where state = 'idle in transaction' and datname = current_database() and query ~ $1`,
        [phase === 'writing' ? '^update others' : 'commits_settle'],
      )
      return rowCount === 1 || child.signalCode !== null
    })
    const sufferedAt = performance.now()
    await scheduler.start()
    await run.finished()
    // Lease + 1 s; and what a busy machine needs.
    expect(performance.now() - sufferedAt).toBeLessThan(5_000)
    expect(await notes()).toEqual(['in time'])
    if (signal === 'SIGKILL') return
    child.kill('SIGCONT')
    await sleep(500)
    expect(await notes()).toEqual(['in time'])
    expect(await attemptsOf(scheduler, run.id)).toEqual(['abandoned', 'succeeded'])
  })
})

describe('through PgBouncer in transaction mode', () => {
  it('commits as it does without', async () => {
    const bouncer = await startPgbouncer({ url: server.url, poolSize: 2 })
    opened.push(() => bouncer.close())
    const store = open('pg', { url: bouncer.through(database.url).url, hints: false })
    const { scheduler, ship } = schedule(store, (ctx) => store.commitWith(ctx, (client) => note(client, ctx.runId)))
    await scheduler.start()
    const runs = await Promise.all(Array.from({ length: 20 }, () => scheduler.trigger(ship)))
    await Promise.all(runs.map((run) => run.finished()))
    expect(await notes()).toHaveLength(20)
    await scheduler.stop()
  })
})
