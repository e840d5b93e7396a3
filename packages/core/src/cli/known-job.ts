/** Finds a job of the code by the name that was typed. */
import { closestName } from '../errors/closest-name.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { CommandContext } from './command.ts'

/** The job, or the rollup, that the code defines under `name`. Throws `UnknownJob` with the nearest name. */
export function knownJob(scheduler: Scheduler, name: string): Scheduler['jobs'][number] {
  const job = scheduler.jobs.find((one) => one.name === name)
  if (job !== undefined) return job
  throw new QuarterjackError('UnknownJob', unknownJob(scheduler, name))
}

/** For filters that found nothing: perhaps the name was mistyped. The store may hold jobs that this code does not know. */
export function warnUnknownJob({ scheduler, warn }: CommandContext, name: string | undefined): void {
  if (name !== undefined && !scheduler.jobs.some((one) => one.name === name)) warn(unknownJob(scheduler, name))
}

function unknownJob(scheduler: Scheduler, name: string): string {
  const names = scheduler.jobs.map((one) => one.name)
  const near = closestName(name, names)
  const remedy = near === null ? `Known jobs: ${names.join(', ') || 'none'}.` : `Did you mean "${near}"?`
  return `There is no job ${shown(name)} in this program. ${remedy}`
}
