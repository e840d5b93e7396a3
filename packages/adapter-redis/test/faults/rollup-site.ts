/** Rollups on a real server, processes that refresh them, and the proof that nothing was lost. */
import { randomBytes } from 'node:crypto'
import { createScheduler, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { startWorker, type Worker } from '@quarterjack/fault-kit/start-worker'
import { expect } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { createScripts } from '../../src/scripts/scripts.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { openClient } from './open-client.ts'
import type { RollupWorkerPlan } from './rollup-worker.ts'
import { rollupsOf, STEP_MS } from './rollups-of.ts'
import { openSums, type Sums } from './sums.ts'

const PROGRAM = new URL('./rollup-worker.ts', import.meta.url).pathname
const MINUTE = 60_000
/** Windows that events lie in: all of them are over. */
export const WINDOWS = 60

/** Everything of one test. */
export interface RollupSite extends AsyncDisposable {
  readonly sums: Sums
  readonly startAt: number
  /** Marks, and asks for backfills; it refreshes nothing. */
  readonly scheduler: Scheduler
  start(name: string, options?: Partial<Pick<RollupWorkerPlan, 'storeUrl' | 'workMs' | 'failing'>>): Promise<Worker>
  /** Adds an event to each of these windows, and marks them afterwards, as one does without a common transaction. */
  change(windows: readonly number[], by?: Scheduler): Promise<void>
  /** Another process that marks. */
  marker(url: string): Promise<Scheduler>
  /** Waits until a process has begun a refresh. */
  untilRefreshBy(worker: string, fits?: (job: string, count: number) => boolean): Promise<void>
  /**
   * Waits until nothing is dirty, and compares each window with a recomputation. Answers how many refreshes there were, and how many of
   * their runs were given up as the death of their processes (none, unless they may).
   */
  judge(expected?: { readonly mayCrash: boolean }): Promise<{ readonly refreshes: number; readonly crashed: number }>
}

export async function createRollupSite(server: RedisServer): Promise<RollupSite> {
  const prefix = `rollups-${randomBytes(4).toString('hex')}`
  const recorder = await startRedis()
  const place = { url: recorder.url, key: prefix }
  const sums = await openSums(place)
  const startAt = Math.floor(Date.now() / MINUTE) * MINUTE - (WINDOWS + 12) * STEP_MS
  const ends: (() => Promise<void>)[] = []
  const workers: Worker[] = []
  // A call is found on its way by the hash of its script: from the first one on.
  for (const { source } of Object.values(createScripts())) await server.ask('SCRIPT', 'LOAD', source)

  const marker: RollupSite['marker'] = async (url) => {
    const opened = await openClient('node-redis', url, 'marker')
    const store = redisStore({ client: opened.client, prefix })
    ends.push(async () => {
      await store.close()
      opened.end()
    })
    const jobs = rollupsOf(startAt, () => Promise.reject(new Error('This process only marks.')))
    return createScheduler({ store, jobs: [...jobs], logger: false, storeTimeout: '1s' })
  }
  const scheduler = await marker(server.url)
  /** Windows that are dirty, held, failed, suspect or stamped. The open ones are others. */
  const untidy = async (): Promise<readonly object[]> => {
    const range = { from: startAt, to: startAt + WINDOWS * STEP_MS, limit: 1_000 }
    return (await Promise.all(['fine', 'coarse'].map((name) => scheduler.rollups.windows(name, range)))).flat()
  }
  const differences = async (): Promise<readonly object[]> => {
    const found = await Promise.all([differencesOf('fine', STEP_MS), differencesOf('coarse', MINUTE)])
    return found.flat()
  }
  const differencesOf = async (rollup: string, stepMs: number): Promise<readonly object[]> => {
    const windows = Array.from({ length: (WINDOWS * STEP_MS) / stepMs }, (_, index) => {
      const start = startAt + index * stepMs
      return { start, end: start + stepMs }
    })
    const [truth, held] = [await sums.recompute(windows), await sums.held(rollup)]
    return windows.flatMap(({ start }, index) => {
      const [wanted, found] = [truth[index] ?? 0, held.get(start) ?? 0]
      return wanted === found ? [] : [{ rollup, window: index, wanted, found }]
    })
  }

  return {
    sums,
    startAt,
    scheduler,
    marker,
    async start(name, options = {}) {
      const client = workers.length % 2 === 0 ? 'node-redis' : 'ioredis'
      const plan: RollupWorkerPlan = { name, client, storeUrl: server.url, prefix, sums: place, startAt, workMs: 5, ...options }
      const worker = startWorker(PROGRAM, plan)
      workers.push(worker)
      await worker.ready
      return worker
    },
    async change(windows, by = scheduler) {
      const instants = windows.map((window) => startAt + window * STEP_MS + 1)
      await sums.add(instants)
      await by.mark('events', instants)
    },
    async untilRefreshBy(worker, fits = () => true) {
      await until(`a refresh by ${worker}`, async () => {
        const told = (await sums.refreshes()).filter((one) => one.worker === worker)
        return told.some(({ job }) => fits(job, told.filter((one) => one.job === job).length))
      })
    },
    async judge({ mayCrash } = { mayCrash: false }) {
      // What was marked a moment ago may not be drained yet.
      await until('all is refreshed', async () => (await untidy()).length === 0 && (await differences()).length === 0).catch(
        async (error: unknown) => {
          expect({ untidy: await untidy(), differences: await differences() }).toEqual({ error })
        },
      )
      for (const name of ['fine', 'coarse']) expect(await scheduler.rollups.state(name)).toMatchObject({ failed: 0, suspect: 0, sealed: 0 })
      const ended = await scheduler.runs.find({ state: ['dead', 'cancelled'], limit: 100 })
      const crashed = ended.filter(({ reason }) => reason?.startsWith('crashed') === true)
      expect(mayCrash ? ended.filter((run) => !crashed.includes(run)) : ended).toEqual([])
      return { refreshes: (await sums.refreshes()).length, crashed: crashed.length }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.kill()))
      for (const end of ends) await end()
      await sums.close()
      await recorder.close()
    },
  }
}
