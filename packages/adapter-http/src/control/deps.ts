/** What the control endpoints share. */
import type { Clock, Job, Scheduler } from '@quarterjack/core'
import { Problem } from '../problem/problem.ts'
import type { WaitTurns } from '../workers/wait-turns.ts'

export interface ControlDeps {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly cacheMs: number
  readonly turns: WaitTurns
  readonly maxWaitMs: number
}

/** The job of a name. Throws {@link Problem}. */
export function jobNamed(scheduler: Scheduler, name: string): Job<unknown, unknown> {
  const job = scheduler.jobs.find((one) => one.name === name)
  if (job === undefined) throw new Problem('NotFound', 'This scheduler has no such job.', { code: 'UnknownJob' })
  return job as Job<unknown, unknown>
}
