/** Suspending and resuming jobs and single schedules. */
import type { SuspendedStretch, Suspension } from '../store/records.ts'
import { isKnown } from './job-rows.ts'
import type { JobRow } from './rows.ts'
import { reindexRuns } from './run-index.ts'
import { reindexDue, reindexSchedule } from './schedule-records.ts'
import { begin, type MemoryState } from './state.ts'

/** Stretches kept per job or schedule; the oldest two are merged beyond. */
const MOST_STRETCHES = 10

/** What can be suspended. */
interface Suspendable {
  suspended: Suspension | null
  stretches: readonly SuspendedStretch[]
}

/** The verb. */
export function suspend(
  state: MemoryState,
  request: {
    readonly targets: readonly { readonly job: string; readonly name?: string | undefined; readonly reason: string | null }[]
    readonly now?: number | undefined
  },
): { changed: boolean[] } {
  begin(state, request.now)
  const changed = request.targets.map(({ job: jobName, name, reason }) => {
    const job = state.jobs.get(jobName)
    if (job === undefined) return false
    return name === undefined ? suspendJob(state, job, reason) : suspendSchedule(state, job, name, reason)
  })
  return { changed }
}

function suspendJob(state: MemoryState, job: JobRow, reason: string | null): boolean {
  if (!isKnown(job) || !changeSuspension(state, job, reason)) return false
  reindexRuns(state, job)
  reindexDue(state, job)
  if (state.readyJobs.has(job)) state.hints.tell([{ kind: 'work' }])
  return true
}

function suspendSchedule(state: MemoryState, job: JobRow, name: string, reason: string | null): boolean {
  const row = job.schedules.find(name)
  if (row === undefined || !changeSuspension(state, job.schedules.ensureDetail(row), reason)) return false
  reindexSchedule(state, job, row)
  return true
}

/** False when nothing changes: it is suspended for that reason already, or was not suspended. */
function changeSuspension(state: MemoryState, target: Suspendable, reason: string | null): boolean {
  const { suspended } = target
  if (reason !== null) {
    if (suspended?.reason === reason) return false
    target.suspended = { at: suspended?.at ?? state.now, reason }
    return true
  }
  if (suspended === null) return false
  target.suspended = null
  target.stretches = merge([...target.stretches, [suspended.at, state.now]])
  return true
}

function merge(stretches: readonly SuspendedStretch[]): readonly SuspendedStretch[] {
  const [first, second, ...rest] = stretches
  if (stretches.length <= MOST_STRETCHES || first === undefined || second === undefined) return stretches
  return [[first[0], second[1]], ...rest]
}
