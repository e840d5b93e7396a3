/** A store on a real server, real processes that share it, and the record of what they did. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, type Scheduler } from '@quarterjack/core'
import type { RunRecord, Store } from '@quarterjack/core/store'
import { expect } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { createScripts } from '../../src/scripts/scripts.ts'
import { until } from '../servers/poll.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { openEffects, type Effect, type EffectLog } from './effects.ts'
import { jobOf, type PlannedJob } from './job-of.ts'
import { openClient } from './open-client.ts'
import { allSchedules } from './slots.ts'
import { startWorker, type Worker } from './start-worker.ts'
import type { JobPlan, WorkerPlan } from './worker-plan.ts'

/** More than a test of every day may take. */
export const isFull: boolean = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'

/** What a test may take, however slow the machine: much of it is waiting for leases to end. */
export const MOST_MS: number = isFull ? 600_000 : 120_000

/** What is acknowledged is on disk. */
export const DURABLE = { appendOnly: true, config: ['appendfsync always'] } as const

/** What is special to one worker. */
export type WorkerOptions = Partial<Pick<WorkerPlan, 'client' | 'jobs' | 'storeUrl' | 'concurrency' | 'leaseMs'>>

/** Everything of one test. */
export interface Site extends AsyncDisposable {
  readonly server: RedisServer
  readonly prefix: string
  readonly effects: EffectLog
  readonly store: Store
  /** A client of the store: triggers, looks, audits. */
  readonly scheduler: Scheduler
  /** Starts a process, and does not wait for it. Without a client of its own they take turns: node-redis, ioredis, … */
  launch(name: string, options?: WorkerOptions): Worker
  /** Starts processes, and waits until they work. */
  start(names: readonly string[], options?: WorkerOptions): Promise<readonly Worker[]>
  /** A job of the site, to trigger it or to give it schedules. */
  job(name: string): PlannedJob
  /** Triggers a job of the site; answers the run's id. */
  trigger(job: string): Promise<string>
  /** Waits for the effect of a run, and answers it. */
  effectOf(runId: string, fits?: (effect: Effect) => boolean): Promise<Effect>
  /** Waits until each of them has started something after that instant. */
  untilWorkOf(workers: readonly Pick<Worker, 'name'>[], after: number): Promise<void>
  /** Everything that the store keeps of runs. */
  allRuns(): Promise<readonly RunRecord[]>
  /** No more slots; waits until every run is finished, then stops the processes that still live. */
  settle(): Promise<void>
  /** Errors that the server answered with since it was started, by their first word; a script that it did not know is none. */
  serverErrors(): Promise<readonly string[]>
}

/** Fresh keys, and `jobs` for whoever is started. */
export async function createSite(server: RedisServer, jobs: readonly JobPlan[]): Promise<Site> {
  const prefix = `site-${randomBytes(4).toString('hex')}`
  const recorder = await startRedis()
  const record = { url: recorder.url, key: prefix }
  const effects = await openEffects(record)
  const opened = await openClient('node-redis', server.url, 'site')
  const store = redisStore({ client: opened.client, prefix })
  const planned = jobs.map((job) => jobOf(job, () => Promise.reject(new Error('This process only triggers.'))))
  const scheduler = createScheduler({ store, jobs: planned, logger: false })
  const workers: Worker[] = []
  // A call is found on its way by the hash of its script: from the first one on.
  for (const { source } of Object.values(createScripts())) await server.ask('SCRIPT', 'LOAD', source)

  const launch: Site['launch'] = (name, options = {}) => {
    const client = workers.length % 2 === 0 ? 'node-redis' : 'ioredis'
    const plan: WorkerPlan = { name, client, storeUrl: server.url, prefix, record, jobs, ...options }
    const worker = startWorker(plan)
    workers.push(worker)
    return worker
  }
  const job = (name: string): PlannedJob => {
    const found = planned.find((one) => one.name === name)
    if (found === undefined) throw new Error(`This site has no job ${name}.`)
    return found
  }
  const unfinished = async (): Promise<number> => {
    const { jobs: found } = await store.runs.stats({ jobs: jobs.map(({ name }) => name) })
    return found.reduce((sum, { pending, waiting, running }) => sum + pending + waiting + running, 0)
  }

  return {
    server,
    prefix,
    effects,
    store,
    scheduler,
    launch,
    async start(names, options) {
      const started = names.map((name) => launch(name, options))
      await Promise.all(started.map(({ ready }) => ready))
      return started
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
    async untilWorkOf(some, after) {
      for (const { name } of some) {
        await until(`work of ${name}`, async () => (await effects.all()).some((one) => one.worker === name && one.startedAt > after))
      }
    },
    allRuns: () => allRuns(store),
    async settle() {
      for (const { job: of, name } of await allSchedules(store)) {
        await store.schedules.suspend({ targets: [{ job: of, name, reason: 'the end of the test' }] })
      }
      const deadline = performance.now() + MOST_MS / 2
      while ((await unfinished()) > 0) {
        if (performance.now() > deadline) {
          const { runs } = await store.runs.find({ states: ['pending', 'waiting', 'running'], limit: 20 })
          throw new Error(`These runs do not end: ${JSON.stringify(runs)}`)
        }
        await sleep(20)
      }
      const codes = await Promise.all(
        workers.filter(({ isAlive }) => isAlive).map(async (worker) => `${worker.name}: ${await worker.stop()}`),
      )
      expect(codes.filter((code) => !code.endsWith(': 0'))).toEqual([])
    },
    async serverErrors() {
      const stats = String(await server.ask('INFO', 'errorstats', 'commandstats'))
      const count = (pattern: RegExp): number => [...stats.matchAll(pattern)].reduce((sum, [, found]) => sum + Number(found), 0)
      const words = [...stats.matchAll(/errorstat_(\w+):/g)]
        .map(([, word = '']) => word)
        .filter((word) => word !== 'NOSCRIPT' && word !== 'ERR')
      // Clients ask for what older servers do not have. Of scripts, whatever is not told by another word is a fault.
      const failed = count(/cmdstat_eval(?:sha)?:.*?failed_calls=(\d+)/g)
      return failed > count(/errorstat_(?!ERR)\w+:count=(\d+)/g) ? [...words, 'ERR'] : words
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.kill()))
      await store.close()
      opened.end()
      await effects.close()
      await recorder.close()
    },
  }
}

const PAGE = 1_000

async function allRuns(store: Store): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = []
  for (;;) {
    const last = found.at(-1)
    const { runs } = await store.runs.find({ limit: PAGE, ...(last === undefined ? {} : { after: last.id }) })
    found.push(...runs)
    if (runs.length < PAGE) return found
  }
}
