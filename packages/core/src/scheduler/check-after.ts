/** What `after` says of the jobs of one scheduler, taken together. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { JobPolicy } from '../job/job.ts'
import type { Logger } from '../observe/logger.ts'

type Policies = ReadonlyMap<string, Pick<JobPolicy, 'after'>>

/** Throws `InvalidOption` for jobs whose successes would start one another for ever. */
export function refuseCycles(policies: Policies): void {
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return
    const from = path.indexOf(name)
    if (from >= 0) {
      const cycle = [...path.slice(from), name].map((one) => `"${one}"`).join(' after ')
      throw new QuarterjackError(
        'InvalidOption',
        `createScheduler: jobs: ${cycle}: their successes would start each other for ever. Take one of them out of after; a handler that has more to do triggers its job itself.`,
      )
    }
    for (const before of policies.get(name)?.after ?? []) visit(before, [...path, name])
    done.add(name)
  }
  for (const name of policies.keys()) visit(name, [])
}

/** A success starts what comes after it where both jobs are known: what is not known here may be so elsewhere. */
export function warnOfStrangers(policies: Policies, isKnown: (name: string) => boolean, logger: Logger): void {
  for (const [job, { after }] of policies) {
    const strangers = after.filter((name) => !isKnown(name))
    if (strangers.length === 0) continue
    const names = strangers.map((name) => `"${name}"`).join(', ')
    logger.warn(
      { job, after: strangers },
      `job "${job}" comes after ${names}, which this scheduler does not have: it starts there alone where both are given to createScheduler({ jobs }).`,
    )
  }
}
