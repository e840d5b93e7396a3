/** `scheduler.suspend`, `resume` and `retire`. */
import type { Engine } from '../engine/engine.ts'
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { backfillJob } from '../rollup/rollup-run.ts'
import type { Store } from '../store/store.ts'
import { jobName, type KnownJobs } from './job-ref.ts'
import type { JobRef, Scheduler } from './scheduler.ts'

export interface ControlDeps {
  readonly call: Engine['call']
  readonly emitter: Emitter
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly jobs: KnownJobs
  /** What was held back may be due. */
  readonly onChanged: () => void
}

export function createJobControl({
  call,
  emitter,
  rollups,
  jobs: known,
  onChanged,
}: ControlDeps): Pick<Scheduler, 'suspend' | 'resume' | 'retire'> {
  const setSuspended = async (ref: JobRef, options: { readonly schedule?: string }, reason: string | null): Promise<boolean> => {
    const verb = reason === null ? 'resume' : 'suspend'
    checkNames(options, ['schedule'], verb)
    const name = options.schedule
    const job = jobName(ref, verb)
    // A rollup that is suspended works on no backfill either.
    const jobs = rollups.has(job) && name === undefined ? [job, backfillJob(job)] : [job]
    const { changed } = await call('schedules.suspend', (store) =>
      store.schedules.suspend({ targets: jobs.map((one) => ({ job: one, name, reason })) }),
    )
    if (changed[0] !== true) {
      // Who mistyped it believes that nothing runs any more.
      await known.kept(job)
      return false
    }
    if (reason === null) emitter.emit('job.resumed', { job, key: name ?? null })
    else emitter.emit('job.suspended', { job, key: name ?? null, reason })
    onChanged()
    return true
  }

  return {
    suspend(job, reason, options = {}) {
      if (typeof reason !== 'string' || reason.trim() === '') {
        throw new QuarterjackError(
          'InvalidOption',
          `suspend: reason: ${shown(reason)} says nothing. Whoever finds the job suspended needs to know why.`,
        )
      }
      return setSuspended(job, options, reason)
    },
    resume: (job, options = {}) => setSuspended(job, options, null),

    async retire(given) {
      const job = jobName(given, 'retire')
      // A rollup that left the code is not known as one here: what the store has of it tells. It goes first, so that whatever ends this
      // call leaves a job to retire, and no rollup for which runs are made that nobody executes.
      const forget = (): Promise<boolean> =>
        call('windows.forget', (store) => forgetRollup(store, job)).then(({ forgotten }) => forgotten[0] === true)
      const isForgotten = await forget()
      const { replies } = await call('schedules.retire', (store) => store.schedules.retire({ jobs: [job, backfillJob(job)] }))
      // It may have been declared by somebody who left between the two.
      const wasForgotten = isForgotten || (replies[0] !== 'inUse' && (await forget()))
      if (replies[0] === 'unknown' && !wasForgotten)
        throw new QuarterjackError('UnknownJob', `retire: the store knows no job ${shown(job)}.`)
      if (replies[0] === 'inUse') {
        throw new QuarterjackError(
          'JobInUse',
          `retire: a live process still declares job "${job}". Deploy the code without it first; its presence ends with that process's lease.`,
        )
      }
    },
  }
}

/** Its windows and backfills go with it. */
async function forgetRollup({ windows }: Store, rollup: string): Promise<{ readonly forgotten: readonly boolean[] }> {
  return windows === undefined ? { forgotten: [] } : windows.forget({ rollups: [rollup] })
}
