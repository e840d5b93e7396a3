/** A store on a real server, real processes that share it, and the record of what they did. */
import type { Scheduler } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import type { Effect, EffectLog } from './effects.ts'
import type { PlannedJob } from './job-of.ts'
import type { Line } from './line.ts'
import type { Worker } from './start-worker.ts'
import type { StoreLook } from './store-look.ts'
import type { WorkerPlan } from './worker-plan.ts'

/** What is special to one worker. */
export type WorkerOptions = Partial<Pick<WorkerPlan, 'jobs' | 'storeUrl' | 'concurrency' | 'leaseMs'>>

/** Everything of one test. A store can have more options for its workers. */
export interface Site<Options extends WorkerOptions = WorkerOptions> extends AsyncDisposable {
  readonly effects: EffectLog
  readonly store: Store
  /** A client of the store: triggers, looks, audits. Never suffers. */
  readonly scheduler: Scheduler
  /** At what the store keeps. */
  readonly look: StoreLook
  /** Starts a process, and does not wait for it. */
  launch(name: string, options?: Options): Worker
  /** Starts processes, and waits until they work. */
  start(names: readonly string[], options?: Options): Promise<readonly Worker[]>
  /** Ends a process of this name by SIGTERM, and waits for it. */
  stop(name: string): Promise<void>
  /** A job of the site, to trigger it or to give it schedules. */
  job(name: string): PlannedJob
  /** Triggers a job of the site; answers the run's id. */
  trigger(job: string): Promise<string>
  /** Waits for the effect of a run, and answers it. */
  effectOf(runId: string, fits?: (effect: Effect) => boolean): Promise<Effect>
  /** Waits until each of them has started something after that instant. */
  untilWorkOf(workers: readonly Pick<Worker, 'name'>[], after: number): Promise<void>
  /** A line to the store that can be hurt, for workers that are started with its URL. */
  openLine(): Promise<Line>
  /** No more slots; waits until every run is finished, then stops the processes that still live. */
  settle(): Promise<void>
  /** Errors of the server since the site is there. */
  serverErrors(): Promise<readonly string[]>
}
