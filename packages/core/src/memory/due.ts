/** Which schedules are due: costs what it gives, however many are stored. */
import type { ScheduleRecord } from '../store/records.ts'
import type { Tick } from '../store/tick.ts'
import { liveOwner } from './owners.ts'
import type { JobEntry, JobRow } from './rows.ts'
import { copyStretches, toScheduleRecord } from './schedule-records.ts'
import { begin, type MemoryState } from './state.ts'
import { tickFor } from './tick.ts'

/** The verb. */
export function due(
  state: MemoryState,
  request: { readonly owner: string; readonly limit: number; readonly aheadMs?: number | undefined; readonly now?: number | undefined },
): { schedules: ScheduleRecord[]; suspendedStretches: Record<string, ScheduleRecord['suspendedStretches']> } & Tick {
  begin(state, request.now)
  const owner = liveOwner(state, request.owner)
  if (owner === null) return { schedules: [], suspendedStretches: {}, storeNow: state.now }
  const until = state.now + (request.aheadMs ?? 0)
  const jobs = dueJobs(state, until).filter((job) => owner.jobs.has(job.name))
  const shares = shareOut(state, jobs, { until, limit: request.limit })
  const schedules = [...shares].flatMap(([job, rows]) => rows.map((row) => toScheduleRecord(job, row)))
  if (shares.size > 1) schedules.sort((a, b) => (a.nextDueAt as number) - (b.nextDueAt as number))
  const suspended = [...shares.keys()].filter((job) => job.stretches.length > 0)
  const suspendedStretches = Object.fromEntries(suspended.map((job) => [job.name, copyStretches(job.stretches)]))
  return { schedules, suspendedStretches, ...tickFor(state, owner) }
}

/** Jobs that have something due until then. */
function dueJobs(state: MemoryState, until: number): JobRow[] {
  const found: JobRow[] = []
  const entries: readonly JobEntry[] = state.dueJobs.items
  const visit = (place: number): void => {
    const entry = entries[place]
    if (entry === undefined || entry.at > until) return
    found.push(entry.job)
    visit(2 * place + 1)
    visit(2 * place + 2)
  }
  visit(0)
  return found
}

/** The earliest rows of each job: an equal share first, then what others left, beginning with another job each time. */
function shareOut(
  state: MemoryState,
  jobs: readonly JobRow[],
  { until, limit }: { readonly until: number; readonly limit: number },
): ReadonlyMap<JobRow, readonly number[]> {
  const shares = new Map<JobRow, readonly number[]>()
  if (jobs.length === 0) return shares
  const first = state.dueTurn++ % jobs.length
  const order = [...jobs.slice(first), ...jobs.slice(0, first)]
  const equal = Math.ceil(limit / jobs.length)
  let left = limit
  for (const job of order) {
    const rows = job.schedules.due(until, Math.min(equal, left))
    if (rows.length > 0) shares.set(job, rows)
    left -= rows.length
  }
  for (const [job, rows] of shares) {
    if (left === 0) break
    const more = job.schedules.due(until, rows.length + left)
    left -= more.length - rows.length
    shares.set(job, more)
  }
  return shares
}
