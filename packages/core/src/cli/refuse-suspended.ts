/** A command that waits for a run must not wait for one that cannot start. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { CommandContext } from './command.ts'

/**
 * Throws `RunSkipped` when the job is suspended: a run of it would not start before it is resumed.
 * Warns when no live process knows the job.
 */
export async function refuseSuspended(context: CommandContext, job: string): Promise<void> {
  const health = (await context.scheduler.health()).jobs.find((one) => one.job === job)
  if (health === undefined) return
  if (health.suspended !== null) {
    throw new QuarterjackError(
      'RunSkipped',
      `Job "${job}" is suspended since ${health.suspended.at} (${health.suspended.reason}): a run of it would not start. Resume it with "${context.program} resume ${job}".`,
    )
  }
  if (health.capableOwners === 0) context.warn(`no live process knows job "${job}": its run waits until one starts`)
}
