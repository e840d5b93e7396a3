/** Ending schedules and jobs: removed, quarantined, retired. */
import type { ScheduleRef, Unreadable } from '../store/schedules.ts'
import { finishStanding } from './finish.ts'
import { isKnown } from './job-rows.ts'
import { declaringOwners } from './owners.ts'
import { setLimits } from './register.ts'
import type { JobRow } from './rows.ts'
import { isStatic, reindexDue, reindexSchedule, removeSchedule } from './schedule-records.ts'
import { begin, type MemoryState } from './state.ts'

/** The verb. Static schedules end with a registration that lacks them. */
export function removeSchedules(state: MemoryState, request: { readonly schedules: readonly ScheduleRef[] }): { removed: boolean[] } {
  const removed = request.schedules.map(({ job: jobName, name }) => {
    const job = state.jobs.get(jobName)
    const row = job?.schedules.find(name)
    if (job === undefined || row === undefined || isStatic(name)) return false
    removeSchedule(state, job, row)
    return true
  })
  return { removed }
}

/** The verb. */
export function quarantine(state: MemoryState, request: { readonly schedules: readonly Unreadable[] }): void {
  for (const { job: jobName, name, reason, incarnation, generation, expectedSlot } of request.schedules) {
    const job = state.jobs.get(jobName)
    const row = job?.schedules.find(name)
    if (job === undefined || row === undefined) continue
    const table = job.schedules
    if (table.incarnation(row) !== incarnation || table.generation(row) !== generation || table.nextSlot(row) !== expectedSlot) continue
    table.ensureDetail(row).quarantined = reason
    reindexSchedule(state, job, row)
  }
}

/** The verb. */
export function retire(
  state: MemoryState,
  request: { readonly jobs: readonly string[]; readonly now?: number | undefined },
): { replies: ('retired' | 'inUse' | 'unknown')[] } {
  begin(state, request.now)
  const replies = request.jobs.map((name) => {
    const job = state.jobs.get(name)
    if (job === undefined || !isRetirable(job)) return 'unknown'
    if (declaringOwners(state, name).length > 0) return 'inUse'
    retireJob(state, job)
    return 'retired'
  })
  return { replies }
}

function isRetirable(job: JobRow): boolean {
  return isKnown(job) || job.pending + job.waiting > 0
}

/** History stays, and so does what still runs. */
function retireJob(state: MemoryState, job: JobRow): void {
  for (const name of job.schedules.names()) removeSchedule(state, job, job.schedules.find(name) as number)
  for (const key of [...job.keys.values()]) {
    for (let link = key.alive.first; link !== null; ) {
      const { item, next } = link
      if (item.state !== 'running') finishStanding(state, item, 'cancel', 'the job was retired')
      link = next
    }
  }
  job.generation = 0
  job.hash = ''
  job.superseded = []
  job.suspended = null
  job.stretches = []
  job.failuresInARow = 0
  setLimits(state, job, { concurrency: null, rateLimit: null })
  reindexDue(state, job)
}
