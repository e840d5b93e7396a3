/** What health asks of the store. */
import type { JobStats } from '../store/runs.ts'
import { recentAttempts } from './attempts.ts'
import { createJob } from './job-rows.ts'
import { declaringOwners } from './owners.ts'
import type { JobRow, RunRow } from './rows.ts'
import { toRunRecord } from './run-rows.ts'
import { begin, type MemoryState } from './state.ts'

/** The verb. */
export function stats(
  state: MemoryState,
  request: { readonly jobs: readonly string[]; readonly now?: number | undefined },
): { storeNow: number; jobs: JobStats[]; owners: number } {
  const now = begin(state, request.now)
  const owners = [...state.owners.values()].filter((owner) => owner.expiresAt > now).length
  return { storeNow: now, jobs: request.jobs.map((name) => statsOf(state, state.jobs.get(name) ?? createJob(name))), owners }
}

function statsOf(state: MemoryState, job: JobRow): JobStats {
  const dueAt = job.schedules.earliestDueAt()
  return {
    job: job.name,
    generation: job.generation,
    pending: job.pending,
    waiting: job.waiting,
    running: job.running,
    oldestDueAt: oldestDueAt(state, job),
    nextSlot: job.schedules.earliestSlot(),
    overdueSince: dueAt !== null && dueAt <= state.now ? dueAt : null,
    schedules: job.schedules.size,
    lastRun: recordOf(state, job.lastRun),
    lastSuccess: recordOf(state, job.lastSuccess),
    lastFailure: recordOf(state, job.lastFailure),
    failuresInARow: job.failuresInARow,
    recent: recentAttempts(state, job),
    capableOwners: declaringOwners(state, job.name).length,
    suspended: job.suspended === null ? null : { ...job.suspended },
    resumedAt: job.stretches.at(-1)?.[1] ?? null,
    ...statics(job),
  }
}

function statics({ schedules, statics }: JobRow): Pick<JobStats, 'registeredAt' | 'statics' | 'unfired'> {
  const rows = [...statics].sort().flatMap((name) => schedules.find(name) ?? [])
  const isUnfired = (row: number): boolean =>
    schedules.nextSlot(row) === null && schedules.slots(row) === 0 && (schedules.detail(row)?.quarantined ?? null) === null
  return {
    registeredAt: rows.length === 0 ? null : Math.min(...rows.map((row) => schedules.createdAt(row))),
    statics: rows.map((row) => schedules.name(row)),
    unfired: rows.filter(isUnfired).map((row) => ({ name: schedules.name(row), spec: schedules.spec(row) })),
  }
}

/** Of a run that is still kept. */
function recordOf(state: MemoryState, row: RunRow | null): JobStats['lastRun'] {
  return row !== null && state.runs.get(row.id) === row ? toRunRecord(row) : null
}

/** Due runs are ordered by priority first, so each is looked at. */
function oldestDueAt(state: MemoryState, { ready, suspects, delayed }: JobRow): number | null {
  let oldest = delayed.peek()?.runAt ?? Number.POSITIVE_INFINITY
  for (const heap of [ready, suspects]) for (const row of heap.items) oldest = Math.min(oldest, row.runAt)
  return oldest <= state.now ? oldest : null
}
