/** Tells a change that was not needed from one that found nothing. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { knownJob } from './known-job.ts'

/** Throws `UnknownJob` or `UnknownSchedule` unless the code or the store knows the job, and the store the schedule. */
export async function requireKnown(scheduler: Scheduler, job: string, schedule: string | undefined): Promise<void> {
  // Static schedules are few and sort first; dynamic ones may be very many.
  const kept = await scheduler.schedules.list({ job, limit: 1_000 })
  if (kept.length === 0) knownJob(scheduler, job)
  if (schedule === undefined || kept.some((one) => one.name === schedule)) return
  if (!schedule.startsWith('#') && (await scheduler.schedules.get(job, schedule)) !== null) return
  throw new QuarterjackError(
    'UnknownSchedule',
    `Job "${job}" has no schedule "${schedule}" in the store. List them with: schedules --job ${job}`,
  )
}
