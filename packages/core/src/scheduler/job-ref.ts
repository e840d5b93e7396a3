/** Which job is meant by what calls are given. */
import { closestName } from '../errors/closest-name.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Engine } from '../engine/engine.ts'
import type { JobPolicy } from '../job/job.ts'
import { backfillJob } from '../rollup/rollup-run.ts'
import type { JobRef } from './scheduler.ts'

/** Jobs that an error names. */
const MOST_NAMED = 20

/** The jobs of one scheduler, by name and by value. */
export interface KnownJobs {
  readonly policies: ReadonlyMap<string, JobPolicy>
  /** Throws `UnknownJob`. */
  named(name: string): JobPolicy
  /** For calls that look at what the store has. Throws `UnknownJob` for a job that neither the code nor the store knows. */
  kept(name: string): Promise<void>
  /** For calls that take the job itself. Throws `InvalidOption` for anything else, and `UnknownJob`. */
  given(job: unknown, verb: string): JobPolicy
}

export function createKnownJobs(policies: ReadonlyMap<string, JobPolicy>, call: Engine['call']): KnownJobs {
  const named = (name: string): JobPolicy => {
    const policy = policies.get(name)
    if (policy !== undefined) return policy
    const names = [...policies.keys()]
    const near = closestName(name, names)
    const list = `${names.slice(0, MOST_NAMED).join(', ') || 'none'}${names.length > MOST_NAMED ? ', …' : ''}`
    throw new QuarterjackError(
      'UnknownJob',
      `job ${shown(name)} is not among the jobs of this scheduler (${list}).${near === null ? '' : ` Did you mean "${near}"?`} Pass it to createScheduler({ jobs }).`,
    )
  }
  return {
    policies,
    named,
    async kept(name) {
      if (policies.has(name)) return
      const { jobs } = await call('runs.stats', (store) => store.runs.stats({ jobs: [name] }))
      const isKept = jobs.some(
        ({ generation, schedules, lastRun, pending, waiting, running }) =>
          lastRun !== null || generation + schedules + pending + waiting + running > 0,
      )
      if (!isKept) named(name)
    },
    given(job, verb) {
      if (isNamed(job) && 'policy' in job) return named(job.name)
      const remedy = 'Pass the job itself, as defineJob() returned it.'
      throw new QuarterjackError('InvalidOption', `${verb}: ${shown(job)} is ${typeof job === 'string' ? 'a name' : 'no job'}. ${remedy}`)
    },
  }
}

/** The name behind a job or a name. Throws `InvalidOption` for anything else. */
export function jobName(job: JobRef, verb: string): string {
  if (typeof job === 'string' && job !== '') return job
  if (isNamed(job)) return job.name
  throw new QuarterjackError('InvalidOption', `${verb}: ${shown(job)} is neither a job nor the name of one.`)
}

function isNamed(job: unknown): job is { readonly name: string } {
  return typeof job === 'object' && job !== null && typeof (job as { readonly name?: unknown }).name === 'string'
}

/** Who executes a rollup works on its backfills, too. */
export function withBackfills(name: string, jobs: KnownJobs): readonly JobPolicy[] {
  const backfills = jobs.policies.get(backfillJob(name))
  return [jobs.named(name), ...(backfills === undefined ? [] : [backfills])]
}
