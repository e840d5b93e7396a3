/** Makes a site of what is special to a kind of store. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import { expect } from 'vitest'
import { allSchedules } from './all-schedules.ts'
import type { Effect, EffectLog } from './effects.ts'
import { jobOf, type PlannedJob } from './job-of.ts'
import type { Line } from './line.ts'
import { until } from './poll.ts'
import type { Site, WorkerOptions } from './site.ts'
import type { Worker } from './start-worker.ts'
import type { StoreLook } from './store-look.ts'
import { MOST_MS } from './tier.ts'
import type { JobPlan } from './worker-plan.ts'

/** What each kind of store brings. */
export interface SiteParts<Options extends WorkerOptions> {
  readonly store: Store
  readonly effects: EffectLog
  readonly look: StoreLook
  /** Of whoever is started. */
  readonly jobs: readonly JobPlan[]
  /** Starts the process of a worker, the `nth` of the site from 0. */
  startWorker(name: string, options: Options, nth: number): Worker
  openLine(): Promise<Line>
  serverErrors(): Promise<readonly string[]>
  /** Ends what the store was given, and the record of effects: after all processes, and the store itself. */
  close(): Promise<void>
}

/** A site without processes. Nothing of `Options` may be required: a worker can be started without any. */
export function createSite<Options extends WorkerOptions>(parts: SiteParts<Options>): Site<Options> {
  const { store, effects, look, jobs, openLine, serverErrors } = parts
  const planned = jobs.map((job) => jobOf(job, () => Promise.reject(new Error('This process only triggers.'))))
  const scheduler = createScheduler({ store, jobs: planned, logger: false })
  const workers: Worker[] = []

  const launch: Site<Options>['launch'] = (name, options = {} as Options) => {
    const worker = parts.startWorker(name, options, workers.length)
    workers.push(worker)
    return worker
  }
  const job = (name: string): PlannedJob => {
    const found = planned.find((one) => one.name === name)
    if (found === undefined) throw new Error(`This site has no job ${name}.`)
    return found
  }

  return {
    effects,
    store,
    scheduler,
    look,
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
    async untilWorkOf(some, after) {
      for (const { name } of some) {
        await until(`work of ${name}`, async () => (await effects.all()).some((one) => one.worker === name && one.startedAt > after))
      }
    },
    openLine,
    async settle() {
      await suspendSchedules(store)
      await untilAllEnded(look)
      const alive = workers.filter(({ isAlive }) => isAlive)
      const codes = await Promise.all(alive.map(async (worker) => `${worker.name}: ${await worker.stop()}`))
      expect(codes.filter((code) => !code.endsWith(': 0'))).toEqual([])
    },
    serverErrors,
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.kill()))
      await store.close()
      await parts.close()
    },
  }
}

const AT_ONCE = 100

/** Schedules alone: what has been fired goes on. */
async function suspendSchedules(store: Store): Promise<void> {
  const targets = (await allSchedules(store)).map(({ job, name }) => ({ job, name, reason: 'the end of the test' }))
  for (let from = 0; from < targets.length; from += AT_ONCE) {
    await store.schedules.suspend({ targets: targets.slice(from, from + AT_ONCE) })
  }
}

async function untilAllEnded(look: StoreLook): Promise<void> {
  const deadline = performance.now() + MOST_MS / 2
  while ((await look.countUnfinished()) > 0) {
    if (performance.now() > deadline) throw new Error(`These runs do not end: ${JSON.stringify(await look.unfinished())}`)
    await sleep(20)
  }
}
