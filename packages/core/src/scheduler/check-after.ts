/** What `after` says of the jobs of one scheduler, taken together. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { JobPolicy } from '../job/job.ts'
import type { Logger } from '../observe/logger.ts'

/**
 * Throws `InvalidOption` for jobs whose successes would start one another for ever. Warns of names that are not known here: a success
 * starts what comes after it in a process that knows both, which may be another.
 */
export function checkAfter(
  policies: ReadonlyMap<string, Pick<JobPolicy, 'after'>>,
  rollups: ReadonlyMap<string, unknown>,
  logger: Pick<Logger, 'warn'>,
): void {
  const done = new Set<string>()
  const visit = (job: string, path: readonly string[]): void => {
    if (path.includes(job)) {
      const cycle = [...path.slice(path.indexOf(job)), job].join('" after "')
      throw new QuarterjackError(
        'InvalidOption',
        `createScheduler: jobs: "${cycle}": each success would start the next, for ever. Take one of them out of after.`,
      )
    }
    if (done.has(job)) return
    for (const name of policies.get(job)?.after ?? []) {
      if (policies.has(name)) visit(name, [...path, job])
      else if (!rollups.has(name))
        logger.warn({ job, after: name }, `job "${job}" comes after "${name}", which is not among the jobs of this scheduler`)
    }
    done.add(job)
  }
  for (const job of policies.keys()) visit(job, [])
}
