/** Claiming: which due runs an owner gets, within gates, rate limits and its own limits (engine rules 11, 12, 18). */
import type { ClaimAtOnce, ClaimedRun } from '../store/claim-at-once.ts'
import type { ClaimReply, ClaimRequest } from '../store/runs.ts'
import { startAttempt } from './attempts.ts'
import { finishStanding } from './finish.ts'
import { fullGateOf, hasWaiters, isKeyTaken, takeGates, waitAt, withdraw } from './gates.ts'
import { isBefore } from './job-rows.ts'
import { sweepLeases } from './leases.ts'
import { liveOwner } from './owners.ts'
import type { JobRow, OwnerRow, RunRow } from './rows.ts'
import { advanceRuns, nextCandidate, placeRun, rateOpensAt, reindexRuns, spendRate, unplaceRun } from './run-index.ts'
import { changeState, closeRun, toRunRecord } from './run-rows.ts'
import { begin, nextFence, type MemoryState } from './state.ts'
import { takeOverExpired } from './take-over.ts'
import { tickFor } from './tick.ts'

/** What is left of a claim while it is carried out. */
export interface Claiming {
  readonly owner: OwnerRow
  readonly seenFence: number
  left: number
  /** How many more of the claimed may start at once. */
  start: number
}

/** Runs of one job that one claim may find blocked: a bound on the time of a call, the next one goes on. */
const MOST_BLOCKED = 10_000

/** The verb. */
export function claim(state: MemoryState, request: ClaimRequest): ClaimReply {
  const now = begin(state, request.now)
  takeOverExpired(state)
  sweepLeases(state)
  const claiming = openClaim(state, request)
  if (claiming === null) return { status: 'dead', runs: [], storeNow: now }
  const rows = claimDue(state, claiming, request.perJob ?? {})
  // Suspects first, so that they start at once where anything does: a crash counts only for what has begun.
  if (rows.some((row) => row.suspect)) rows.sort((a, b) => Number(b.suspect) - Number(a.suspect))
  const runs = rows.map((row) => handOver(state, row, claiming))
  return { status: 'ok', runs, ...tickFor(state, claiming.owner) }
}

/** A claim by a live owner, whose lease it renews; null for others. */
export function openClaim(state: MemoryState, request: ClaimAtOnce): Claiming | null {
  const owner = liveOwner(state, request.owner)
  if (owner === null) return null
  owner.expiresAt = state.now + request.leaseMs
  advanceRuns(state)
  return { owner, seenFence: request.seenFence, left: request.limit, start: request.start }
}

/** Claims a run that was just made, if it is due and nobody stands before it. It is not in the claim index yet. */
export function claimAtOnce(state: MemoryState, row: RunRow, claiming: Claiming | null): ClaimedRun | null {
  const { job } = row
  if (claiming === null || claiming.left <= 0 || row.runAt > state.now) return null
  if (!claiming.owner.jobs.has(job.name) || job.suspended !== null || rateOpensAt(job, state.now) > state.now) return null
  const next = nextCandidate(job, claiming.owner)
  if ((next !== undefined && isBefore(next, row)) || fullGateOf(state, row) !== null || hasWaiters(state, row)) return null
  take(state, row, claiming)
  return handOver(state, row, claiming)
}

function claimDue(state: MemoryState, claiming: Claiming, perJob: Readonly<Record<string, number>>): RunRow[] {
  const taken: RunRow[] = []
  const counts = new Map<JobRow, number>()
  // One run per turn. A job whose turn was used goes to the end of the set, and the loop meets it again there.
  for (const job of state.readyJobs) {
    if (claiming.left <= 0) break
    if (!claiming.owner.jobs.has(job.name)) continue
    const count = counts.get(job) ?? 0
    if (count >= (perJob[job.name] ?? Number.POSITIVE_INFINITY)) continue
    const row = findClaimable(state, job, claiming)
    if (row === null) continue
    unplaceRun(state, row)
    take(state, row, claiming)
    taken.push(row)
    counts.set(job, count + 1)
    if (state.readyJobs.delete(job)) state.readyJobs.add(job)
  }
  return taken
}

/** The job's next run that can be had; runs before it that cannot are sent to wait, or skipped. */
function findClaimable(state: MemoryState, job: JobRow, { owner, left }: Claiming): RunRow | null {
  for (let blocked = 0; blocked < MOST_BLOCKED; blocked++) {
    if (rateOpensAt(job, state.now) > state.now) return null
    const row = nextCandidate(job, owner)
    if (row === undefined) return null
    if (row.runAt > state.now) {
      // The clock went back past a run that had been due.
      withdraw(state, row)
      placeRun(state, row)
      continue
    }
    const gate = fullGateOf(state, row)
    if (gate === null) return row
    // What was claimed before has its place: it waits. Its own handler may be what holds the key.
    if (row.trigger === 'schedule' && row.overlap === 'skip' && row.fence === 0 && isKeyTaken(state, row)) {
      finishStanding(state, row, 'skip', 'overlap')
      continue
    }
    // Behind a full gate of the job itself all runs are alike: no need to send more to wait than were asked for.
    if (gate.job === job && blocked >= left) return null
    waitAt(state, row, gate)
  }
  return null
}

/** The run becomes the owner's. */
function take(state: MemoryState, row: RunRow, claiming: Claiming): void {
  const { owner } = claiming
  const { job, key } = row
  changeState(row, 'claim')
  takeGates(state, row)
  closeRun(row)
  if (row.debounced && row.fence === 0) key.busy++
  row.fence = nextFence(state, claiming.seenFence)
  row.attempt++
  row.started = false
  row.startedAt = null
  row.settled = null
  row.owner = owner
  owner.runs.add(row)
  if (row.suspect) owner.suspect = row
  spendRate(job, state.now)
  reindexRuns(state, job)
  claiming.left--
}

function handOver(state: MemoryState, row: RunRow, claiming: Claiming): ClaimedRun {
  const started = claiming.start > 0
  if (started) {
    claiming.start--
    startAttempt(state, row)
  }
  return { record: toRunRecord(row), started }
}
