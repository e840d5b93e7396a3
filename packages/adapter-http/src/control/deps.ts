/** What the control endpoints share. */
import type { Clock, Job, Rollup, Scheduler } from '@quarterjack/core'
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

/** The rollups of a scheduler. */
export function rollupsOf({ jobs }: Pick<Scheduler, 'jobs'>): readonly Rollup[] {
  return jobs.filter((one): one is Rollup => 'kind' in one && one.kind === 'rollup')
}

/** The rollup of a name. Throws {@link Problem}. */
export function rollupNamed(scheduler: Scheduler, name: string): Rollup {
  const rollup = rollupsOf(scheduler).find((one) => one.name === name)
  if (rollup === undefined) throw new Problem('NotFound', 'This scheduler has no such rollup.', { code: 'UnknownRollup' })
  return rollup
}

/** Without the members that were not given. */
export function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
