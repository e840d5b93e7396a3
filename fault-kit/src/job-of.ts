/** The job of a plan: the same in the process that executes it and in the one that only triggers it. */
import { defineJob, every, type Job, type RunContext } from '@quarterjack/core'
import type { JobPlan } from './worker-plan.ts'

/** What a worker's handler returns: the worker's name. */
export type PlannedJob = Job<unknown, string>

/** Defines it. */
export function jobOf(plan: JobPlan, run: (ctx: RunContext) => Promise<string>): PlannedJob {
  const { name, every: intervals, overlap, concurrency, catchUp, misfireAfter } = plan
  const job = defineJob({
    name,
    // Nothing is pruned, so that the audit can prove every slot.
    keep: { succeeded: 1_000_000, dead: 1_000_000 },
    ...(intervals === undefined ? {} : { schedule: intervals.map((interval) => every(interval)) }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(catchUp === undefined ? {} : { catchUp }),
    ...(misfireAfter === undefined ? {} : { misfireAfter }),
    run,
  })
  return job as PlannedJob
}
