/** The claim index: due runs per job, later ones by time, and which jobs have any (engine rule 12). */
import { isBefore } from './job-rows.ts'
import type { JobRow, OwnerRow, RunRow } from './rows.ts'
import type { MemoryState } from './state.ts'

/** Makes a pending run claimable from its `runAt` on. */
export function placeRun(state: MemoryState, row: RunRow): void {
  const { job, runAt } = row
  const isNews = runAt <= state.now || runAt < job.timed.at
  row.heap = runAt > state.now ? job.delayed : heapOfDue(row)
  row.heap.push(row)
  reindexRuns(state, job)
  if (isNews) state.hints.tell([{ kind: 'work' }])
}

/** Takes a pending run out of the index. */
export function unplaceRun(state: MemoryState, row: RunRow): void {
  row.heap?.remove(row)
  row.heap = null
  reindexRuns(state, row.job)
}

/** Corrects a job's standing among all jobs; to be called whenever its runs, gate, limits or suspension changed. */
export function reindexRuns(state: MemoryState, job: JobRow): void {
  const { now } = state
  const hasDue = job.ready.size + job.suspects.size > 0
  const opensAt = rateOpensAt(job, now)
  const isHeldBack = job.suspended !== null || opensAt > now || isSaturatedWithWaiters(state, job)
  if (hasDue && !isHeldBack) state.readyJobs.add(job)
  else state.readyJobs.delete(job)
  setTimer(state, job, job.suspended !== null ? Number.POSITIVE_INFINITY : nextChange(job, hasDue, opensAt, now))
}

/** Moves runs whose time has come to where they are claimed. */
export function advanceRuns(state: MemoryState): void {
  // The clock went back: windows of rate limits that lie ahead now are over.
  if (state.now < state.advancedTo) for (const job of state.jobs.values()) reindexRuns(state, job)
  state.advancedTo = state.now
  for (let entry = state.timedJobs.peek(); entry !== undefined && entry.at <= state.now; entry = state.timedJobs.peek()) {
    const { job } = entry
    for (let row = job.delayed.peek(); row !== undefined && row.runAt <= state.now; row = job.delayed.peek()) {
      job.delayed.pop()
      row.heap = heapOfDue(row)
      row.heap.push(row)
    }
    reindexRuns(state, job)
  }
}

/** The run of a job that `owner` would claim next, if there is one. */
export function nextCandidate(job: JobRow, owner: OwnerRow): RunRow | undefined {
  const plain = job.ready.peek()
  // A process holds one suspect at a time (engine rule 18).
  const suspect = owner.suspect === null ? job.suspects.peek() : undefined
  return plain === undefined || (suspect !== undefined && isBefore(suspect, plain)) ? suspect : plain
}

/** The earliest instant at which `owner` may find a run to claim. */
export function nextRunAt(state: MemoryState, owner: OwnerRow): number | null {
  const isOpen = (job: JobRow): boolean => owner.jobs.has(job.name) && !isSaturated(state, job)
  let earliest = state.timedJobs.first(({ job }) => isOpen(job))?.at ?? Number.POSITIVE_INFINITY
  for (const job of state.readyJobs) {
    const row = isOpen(job) ? nextCandidate(job, owner) : undefined
    if (row !== undefined) earliest = Math.min(earliest, row.runAt)
    // None is later than now, unless the clock went back.
    if (earliest <= state.now) break
  }
  return earliest === Number.POSITIVE_INFINITY ? null : earliest
}

/** When the rate limit lets the next run be claimed; -Infinity for at once. */
export function rateOpensAt({ rateLimit, rate }: JobRow, now: number): number {
  if (rateLimit === null || rate.used < rateLimit.max) return Number.NEGATIVE_INFINITY
  const endsAt = rate.openedAt + rateLimit.perMs
  // A window that lies ahead was opened before the clock went back: it is over.
  return now >= rate.openedAt && now < endsAt ? endsAt : Number.NEGATIVE_INFINITY
}

/** Counts a claim against the rate limit; the first one after a window ended opens the next. */
export function spendRate({ rateLimit, rate }: JobRow, now: number): void {
  if (rateLimit === null) return
  if (rate.used === 0 || now < rate.openedAt || now >= rate.openedAt + rateLimit.perMs) {
    rate.openedAt = now
    rate.used = 0
  }
  rate.used++
}

/** The job runs as often as its concurrency allows. */
export function isSaturated(state: MemoryState, job: JobRow): boolean {
  return job.concurrency !== null && (state.gates.get(job.gateName)?.held ?? 0) >= job.concurrency
}

/** Nothing is gained by looking at its runs: one of them waits already, and will be let go first. */
function isSaturatedWithWaiters(state: MemoryState, job: JobRow): boolean {
  return isSaturated(state, job) && (state.gates.get(job.gateName)?.waiting ?? 0) > 0
}

function heapOfDue({ job, suspect }: RunRow): JobRow['ready'] {
  return suspect ? job.suspects : job.ready
}

/** When something of this job becomes claimable that is not so now. */
function nextChange(job: JobRow, hasDue: boolean, opensAt: number, now: number): number {
  const delayed = job.delayed.peek()
  const delayedAt = delayed === undefined ? Number.POSITIVE_INFINITY : Math.max(delayed.runAt, opensAt)
  return hasDue && opensAt > now ? Math.min(opensAt, delayedAt) : delayedAt
}

function setTimer(state: MemoryState, job: JobRow, at: number): void {
  const { timed } = job
  if (timed.at === at) return
  timed.at = at
  if (timed.heapIndex === -1) state.timedJobs.push(timed)
  else if (at === Number.POSITIVE_INFINITY) state.timedJobs.remove(timed)
  else state.timedJobs.update(timed)
}
