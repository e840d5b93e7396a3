/** The runs that this process holds, from claim to settled, and how much room is left for more. */
import type { JobPolicy } from '../job/job.ts'
import type { RunRecord } from '../store/records.ts'
import type { Settlement } from '../store/runs.ts'
import { type Clock, waitForHint } from '../time/clock.ts'
import type { RunAbort } from './run-abort.ts'

/**
 * `queued`: claimed, not begun. `started`: its handler runs. `settling`: ended, not yet recorded.
 * `stuck`: recorded, but its handler ignores abort and keeps its permit.
 */
export type ExecutionPhase = 'queued' | 'started' | 'settling' | 'stuck'

export interface Execution {
  readonly record: RunRecord
  readonly policy: JobPolicy
  readonly owner: string
  readonly abort: RunAbort
  /** Monotonic instant of the claim. */
  readonly claimedAt: number
  phase: ExecutionPhase
  /** Store time; null while queued. */
  startedAt: number | null
  /** The store knows that it started. */
  startKnown: boolean
  /** Committed by the handler in a transaction of its own: the run has succeeded, whatever follows. */
  committed: Settlement | null
  /** Not yet written progress. */
  progress: string | null
  /** Given back before it began; its turn passes. */
  dropped: boolean
  /** Its handler ignored abort, and keeps its permit and gates until it returns; recorded or not. */
  stuck: boolean
}

export interface Holdings {
  add(execution: Execution): void
  remove(execution: Execution): void
  get(runId: string, fence: number): Execution | undefined
  all(): Iterable<Execution>
  count(phase: ExecutionPhase): number
  /** Everything the store has leased to this process. */
  readonly leased: number
  readonly size: number
  /** Reserves room for at most `wanted` more runs until `close` is called. */
  reserve(wanted: number): Reservation
  /** Wakes whoever waits for a change; called by `remove` itself. */
  changed(): void
  /** Resolves at the next change, or when `ms` passed. */
  changeWithin(clock: Clock, ms: number): Promise<void>
  /** Learns how long a handler took, to judge how many runs to hold ready. */
  observe(durationMs: number): void
  /** There is no room, and it comes back only with another quota. */
  readonly isSpent: boolean
  /** `brisk`: handlers return so soon that room which is gone comes back with the next settlement. */
  readonly pace: 'unknown' | 'brisk' | 'slow'
  /** Runs held ready found no permit: none is, until handlers prove to be quick again. */
  heldTooMany(): void
  /** True while a call that may claim is under way. */
  readonly claiming: boolean
  /** How many calls that may claim there were so far. */
  readonly reservations: number
  /** Which of them, counted from 1, is the oldest that is still under way; infinite when none is. */
  readonly oldestReservation: number
  /** True when such a call was not answered since this was last asked: the store may have leased runs that nobody here knows. */
  takeDoubt(): boolean
  /** How many more runs could be claimed now. */
  readonly room: number
  /** At most this many claims from now on; null for no bound. */
  limitTo(quota: number | null): void
  /** Counts claims against the quota. */
  spend(claims: number): void
}

export interface Reservation {
  /** Most runs to claim. */
  readonly limit: number
  /** How many of them start at once. */
  readonly start: number
  /** The call was answered, at its first try: what it claimed is known. */
  answered(): void
  close(): void
}

/** Runs held ready should start within this: about as long as a claim and a settlement take under load. What is held here cannot start elsewhere. */
const READY_WITHIN_MS = 100
/** Three lots of a claim: while one is claimed, one runs and one is settled. */
const MOST_READY = 1_500
const BRISK_MS = 10

/** `onRoom` is called when a run has left, or reserved room is free again, so that another may be claimed. */
export function createHoldings(concurrency: number, onRoom: () => void = () => undefined): Holdings {
  const executions = new Set<Execution>()
  let reserved = 0
  /** Calls that may claim, by number, oldest first. */
  const underWay = new Set<number>()
  let reservations = 0
  let doubt = false
  let meanMs: number | null = null
  const waiters = new Set<() => void>()
  let quota = Number.POSITIVE_INFINITY

  const count = (phase: ExecutionPhase): number => {
    let sum = 0
    for (const execution of executions) if (execution.phase === phase) sum++
    return sum
  }

  const changed = (): void => {
    for (const wake of waiters) wake()
  }

  const ready = (): number => {
    if (meanMs === null) return 0
    return Math.min(MOST_READY, Math.floor((concurrency * READY_WITHIN_MS) / Math.max(meanMs, 1)))
  }

  const room = (): number => Math.max(0, Math.min(quota - reserved, concurrency + ready() - executions.size - reserved))

  return {
    add: (execution) => void executions.add(execution),
    remove(execution) {
      if (!executions.delete(execution)) return
      changed()
      onRoom()
    },
    changed,
    async changeWithin(clock, ms) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiters.add(resolve)
      await waitForHint(clock, ms, promise)
      waiters.delete(resolve)
    },
    get(runId, fence) {
      // A stuck attempt and the next one of the same run may both be here. Asked for rarely, and there are few.
      for (const execution of executions) if (execution.record.id === runId && execution.record.fence === fence) return execution
      return undefined
    },
    all: () => executions,
    count,
    get leased() {
      return executions.size - count('stuck')
    },
    get size() {
      return executions.size
    },
    get claiming() {
      return underWay.size > 0
    },
    get reservations() {
      return reservations
    },
    get oldestReservation() {
      const [oldest = Number.POSITIVE_INFINITY] = underWay
      return oldest
    },
    takeDoubt() {
      const was = doubt
      doubt = false
      return was
    },
    reserve(wanted) {
      const busy = executions.size + reserved
      const limit = Math.min(wanted, room())
      const start = Math.max(0, Math.min(limit, concurrency - busy))
      reserved += limit
      const call = ++reservations
      underWay.add(call)
      let open = true
      let isAnswered = limit === 0
      return {
        limit,
        start,
        answered() {
          isAnswered = true
        },
        close() {
          if (!open) return
          open = false
          if (!isAnswered) doubt = true
          reserved -= limit
          underWay.delete(call)
          if (limit > 0) onRoom()
        },
      }
    },
    get room() {
      return room()
    },
    limitTo(most) {
      quota = most ?? Number.POSITIVE_INFINITY
    },
    spend(claimed) {
      quota -= claimed
    },
    get isSpent() {
      return quota - reserved <= 0
    },
    get pace() {
      if (meanMs === null) return 'unknown'
      return meanMs <= BRISK_MS ? 'brisk' : 'slow'
    },
    heldTooMany() {
      meanMs = Math.max(meanMs ?? 0, 2 * concurrency * READY_WITHIN_MS)
    },
    observe(durationMs) {
      meanMs = meanMs === null ? durationMs : meanMs * 0.9 + durationMs * 0.1
    },
  }
}
