/** Two kinds of workers: processes that get signals, and schedulers of this process behind lines that are cut and held. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler } from '@quarterjack/core'
import { startWorker } from '@quarterjack/fault-kit/start-worker'
import { Pool } from 'pg'
import { pgStore } from '../../src/index.ts'
import { startCutProxy } from '../servers/cut-proxy.ts'
import { defineBoth, LEASE_MS, type Settings } from './rollups.ts'
import { chanceOf } from './writers.ts'

/** Longer than a lease, so that others take over what a paused worker holds. */
const HELD_MS = LEASE_MS + 1_200

/** What a worker is told. */
export interface WorkerPlan {
  /** The name of its connections. */
  readonly name: string
  readonly url: string
  readonly settings: Settings
  readonly napSeed: number
}

export interface Worker {
  readonly name: string
  readonly isAlive: boolean
  /** In the midst of whatever it does; it will do nothing more. */
  kill(): Promise<void>
  /** Beyond its lease. Resolves when it goes on. */
  pause(): Promise<void>
  /** At the very end. */
  dismiss(): Promise<void>
}

const PROGRAM = new URL('./worker.ts', import.meta.url).pathname

/** Killed by SIGKILL, paused by SIGSTOP. */
export async function forkWorker(plan: WorkerPlan): Promise<Worker> {
  const worker = startWorker(PROGRAM, plan)
  await worker.ready
  return {
    name: plan.name,
    get isAlive() {
      return worker.isAlive
    },
    kill: () => worker.kill(),
    async pause() {
      worker.freeze()
      await sleep(HELD_MS)
      worker.thaw()
    },
    dismiss: () => worker.kill(),
  }
}

/** Killed by cutting its line for good, paused by holding back everything that goes over it. */
export async function lineWorker({ name, url, settings, napSeed }: WorkerPlan): Promise<Worker> {
  const line = await startCutProxy(url)
  const pool = openPool({ name, url: line.url })
  const jobs = [...defineBoth(settings, chanceOf(napSeed))]
  const scheduler = createScheduler({ store: pgStore({ pool }), jobs, logger: false, lease: LEASE_MS })
  await scheduler.start()
  let isAlive = true
  return {
    name,
    get isAlive() {
      return isAlive
    },
    async kill() {
      isAlive = false
      line.refuse(true)
      line.cut()
    },
    async pause() {
      line.delay(HELD_MS)
      await sleep(HELD_MS)
      line.delay(0)
    },
    async dismiss() {
      // It is all over: even the dead may say goodbye.
      line.heal()
      await scheduler.stop({ grace: 0 }).catch(() => undefined)
      await pool.end().catch(() => undefined)
      await line.close()
    },
  }
}

export function openPool({ name, url }: Pick<WorkerPlan, 'name' | 'url'>): Pool {
  const pool = new Pool({ connectionString: url, max: 6, application_name: name })
  pool.on('error', () => undefined)
  return pool
}
