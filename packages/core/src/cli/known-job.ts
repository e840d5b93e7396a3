/** Finds a job of the code by the name that was typed. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Job } from '../job/job.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { closestName } from './closest-name.ts'

/** The job that the code defines under `name`. Throws `UnknownJob` with the nearest name. */
export function knownJob(scheduler: Scheduler, name: string): Job<never, unknown> {
  const job = scheduler.jobs.find((one) => one.name === name)
  if (job !== undefined) return job
  const names = scheduler.jobs.map((one) => one.name)
  const near = closestName(name, names)
  const remedy = near === null ? `Known jobs: ${names.join(', ') || 'none'}.` : `Did you mean "${near}"?`
  throw new QuarterjackError('UnknownJob', `There is no job "${name}" in this program. ${remedy}`)
}
