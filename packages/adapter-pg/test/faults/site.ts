/** A store in a real database, real processes that share it, and the record of what they did. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, type Scheduler } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import { Pool } from 'pg'
import { expect } from 'vitest'
import { pgStore } from '../../src/index.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { until } from '../servers/poll.ts'
import { openEffects, type Effect, type EffectLog } from './effects.ts'
import { jobOf, type PlannedJob } from './job-of.ts'
import { startWorker, type Worker } from './start-worker.ts'
import type { JobPlan, WorkerPlan } from './worker-plan.ts'

/** More than a test of every day may take. */
export const isFull: boolean = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'

/** What a test may take, however slow the machine: much of it is waiting for leases to end. */
export const MOST_MS: number = isFull ? 600_000 : 120_000

/** What is special to one worker. */
export interface WorkerOptions extends Partial<Pick<WorkerPlan, 'jobs' | 'storeUrl' | 'concurrency' | 'leaseMs'>> {
  readonly preload?: readonly string[]
}

/** Everything of one test. */
export interface Site extends AsyncDisposable {
  readonly server: PostgresServer
  /** Of the store's database, directly. */
  readonly url: string
  readonly effects: EffectLog
  readonly store: Store
  /** A client of the store: triggers, looks, audits. Never suffers. */
  readonly scheduler: Scheduler
  /** Asks the store's database. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Starts a process, and does not wait for it. */
  launch(name: string, options?: WorkerOptions): Worker
  /** Starts processes, and waits until they work. */
  start(names: readonly string[], options?: WorkerOptions): Promise<readonly Worker[]>
  /** Ends a process of this name by SIGTERM, and waits for it. */
  stop(name: string): Promise<void>
  /** A job of the site, to trigger it or to give it schedules. */
  job(name: string): PlannedJob
  /** Triggers a job of the site; answers the run's id. */
  trigger(job: string): Promise<string>
  /** Waits for the effect of a run, and answers it. */
  effectOf(runId: string, fits?: (effect: Effect) => boolean): Promise<Effect>
  /** No more slots; waits until every run is finished, then stops the processes that still live. */
  settle(): Promise<void>
  /** What the server has logged as errors since the site is there. */
  serverErrors(): Promise<readonly string[]>
}

/** A fresh database, and `jobs` for whoever is started. */
export async function createSite(
  server: PostgresServer,
  jobs: readonly JobPlan[],
  { tablespace }: { tablespace?: string } = {},
): Promise<Site> {
  const [database, record] = await Promise.all([server.createDatabase(), server.createDatabase()])
  const effects = openEffects(record.url)
  await effects.create()
  const own = new Pool({ connectionString: server.url, max: 1, options: '-c default_transaction_read_only=off' })
  own.on('error', () => undefined)
  if (tablespace !== undefined) await own.query(`alter database ${new URL(database.url).pathname.slice(1)} set tablespace ${tablespace}`)
  const pool = new Pool({ connectionString: database.url, max: 4, options: '-c default_transaction_read_only=off' })
  pool.on('error', () => undefined)
  const store = pgStore({ pool })
  const planned = jobs.map((job) => jobOf(job, () => Promise.reject(new Error('This process only triggers.'))))
  const scheduler = createScheduler({ store, jobs: planned, logger: false })
  const workers: Worker[] = []
  const logged = (await server.log()).length

  const launch: Site['launch'] = (name, { preload, ...options } = {}) => {
    const worker = startWorker({ name, storeUrl: database.url, effectsUrl: record.url, jobs, ...options }, preload)
    workers.push(worker)
    return worker
  }
  const job = (name: string): PlannedJob => {
    const found = planned.find((one) => one.name === name)
    if (found === undefined) throw new Error(`This site has no job ${name}.`)
    return found
  }
  const query: Site['query'] = async <Row>(text: string, values: readonly unknown[] = []) =>
    (await pool.query(text, [...values])).rows as Row[]

  return {
    server,
    url: database.url,
    effects,
    store,
    scheduler,
    query,
    launch,
    async start(names, options) {
      const started = names.map((name) => launch(name, options))
      await Promise.all(started.map(({ ready }) => ready))
      return started
    },
    async stop(name) {
      const worker = workers.find((one) => one.name === name && one.isAlive)
      expect([name, await worker?.stop()]).toEqual([name, 0])
    },
    job,
    trigger: async (name) => (await scheduler.trigger(job(name))).id,
    async effectOf(runId, fits = () => true) {
      let found: Effect | undefined
      await until(`the effect of run ${runId}`, async () => {
        found = (await effects.all()).find((effect) => effect.runId === runId && fits(effect))
        return found !== undefined
      })
      return found as Effect
    },
    async settle() {
      await suspendEverything(store)
      const deadline = performance.now() + MOST_MS / 2
      while ((await query('select from quarterjack.runs limit 1')).length > 0) {
        if (performance.now() > deadline) throw new Error(`These runs do not end: ${JSON.stringify(await query(UNFINISHED))}`)
        await sleep(20)
      }
      const codes = await Promise.all(
        workers.filter(({ isAlive }) => isAlive).map(async (worker) => `${worker.name}: ${await worker.stop()}`),
      )
      expect(codes.filter((code) => !code.endsWith(': 0'))).toEqual([])
    },
    async serverErrors() {
      const lines = (await server.log()).slice(logged).split('\n')
      return lines.filter((line) => /\b(?:ERROR|PANIC):/.test(line))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.kill()))
      await store.close()
      await Promise.all([pool.end(), effects.close()])
      await sleep(0)
      await own.end()
      await Promise.allSettled([database.drop(), record.drop()])
    },
  }
}

const PAGE = 1_000

const UNFINISHED = `
  select r.id, j.name as job, r.state, r.slot, r.waits_at, r.attempt, r.crashes, r.suspect, r.began, r.fence, r.run_at - quarterjack.store_now() as due_in,
    o.expires_at - quarterjack.store_now() as lease_left, o.ended_at is not null as owner_ended
  from quarterjack.runs r join quarterjack.jobs j on j.id = r.job_id left join quarterjack.owners o on o.id = r.owner limit 20`

/** Schedules alone: what has been fired goes on. */
async function suspendEverything(store: Store): Promise<void> {
  let after: { readonly job: string; readonly name: string } | undefined
  for (;;) {
    const { schedules } = await store.schedules.list({ limit: PAGE, ...(after === undefined ? {} : { after }) })
    const targets = schedules.map(({ job, name }) => ({ job, name, reason: 'the end of the test' }))
    if (targets.length > 0) await store.schedules.suspend({ targets })
    after = schedules.at(-1)
    if (after === undefined || schedules.length < PAGE) return
  }
}
