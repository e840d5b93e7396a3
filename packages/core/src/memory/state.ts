/** Everything a memory store holds, and the instant and numbers that its verbs share. */
import type { Clock } from '../time/clock.ts'
import { Heap } from './heap.ts'
import { type Audience, createAudience } from '../store/audience.ts'
import { RecentMap } from './recent-map.ts'
import type { EndedOwner, Gate, JobEntry, JobRow, LeaseRow, OwnerRow, RunRow } from './rows.ts'
import { createWindowTables, type WindowTables } from './window-tables.ts'

export interface MemoryState {
  readonly clock: Clock
  /** Instant of the verb at work. Every verb is one synchronous step, so one field serves them all. */
  now: number
  /** The last instant was passed in, not read from the clock. */
  given: boolean
  fence: number
  sequence: number
  readonly jobs: Map<string, JobRow>
  readonly runs: Map<string, RunRow>
  /** Live owners; those whose lease ended stay until someone takes over. */
  readonly owners: Map<string, OwnerRow>
  readonly ended: RecentMap<string, EndedOwner>
  /** Expired owners that no renewal has reported yet. */
  expired: { readonly owner: string; readonly runs: number }[]
  readonly gates: Map<string, Gate>
  /** Held leases by their end. */
  readonly leases: Heap<LeaseRow>
  /** Jobs with an indexed schedule, by the earliest due instant. */
  readonly dueJobs: Heap<JobEntry>
  /** Jobs with due runs to claim; the one that waits longest for its turn comes first. */
  readonly readyJobs: Set<JobRow>
  /** Jobs with runs that are due later or held back by a rate limit, by the earliest of those instants. */
  readonly timedJobs: Heap<JobEntry>
  /** Requests that were taken into another run, so that repeating one is harmless. */
  readonly absorbed: RecentMap<string, { readonly outcome: 'coalesced' | 'dropped'; readonly id: string }>
  /** Incarnations of dynamic schedules that were removed: the write that made one, arriving again, does not bring it back. */
  readonly removed: RecentMap<string, true>
  /** Turns of the job that comes first when not everything due can be given. */
  dueTurn: number
  /** The instant up to which runs were moved to where they are claimed. */
  advancedTo: number
  /** Texts that many schedules share, kept once. */
  readonly texts: Map<string, string>
  readonly hints: Audience
  /** Rollups, their marks and windows. */
  readonly windows: WindowTables
}

const ENDED_OWNERS_KEPT = 5_000
const REQUESTS_KEPT = 5_000

export function createState(clock: Clock): MemoryState {
  return {
    clock,
    now: 0,
    given: false,
    fence: 0,
    sequence: 0,
    jobs: new Map(),
    runs: new Map(),
    owners: new Map(),
    ended: new RecentMap(ENDED_OWNERS_KEPT),
    expired: [],
    gates: new Map(),
    leases: new Heap((a, b) => a.expiresAt < b.expiresAt),
    dueJobs: new Heap((a, b) => a.at < b.at),
    readyJobs: new Set(),
    timedJobs: new Heap((a, b) => a.at < b.at),
    absorbed: new RecentMap(REQUESTS_KEPT),
    removed: new RecentMap(REQUESTS_KEPT),
    dueTurn: 0,
    advancedTo: Number.NEGATIVE_INFINITY,
    texts: new Map(),
    hints: createAudience(),
    windows: createWindowTables(),
  }
}

/** Begins a timed verb: `now` as passed, or the store's clock. */
export function begin(state: MemoryState, now: number | undefined): number {
  state.given = now !== undefined
  state.now = now ?? state.clock.now()
  return state.now
}

/** Begins a verb that takes no `now`: it follows the instants that were passed in before, if any were. */
export function beginUntimed(state: MemoryState): number {
  if (!state.given) state.now = state.clock.now()
  return state.now
}

/** Larger than every fence before, than the store's time in µs, and than the caller has seen. */
export function nextFence(state: MemoryState, seenFence: number): number {
  state.fence = Math.max(state.fence + 1, Math.floor(state.now * 1_000), seenFence + 1)
  return state.fence
}

const MOST_TEXTS = 1_024

/** The same text, but one object for all equal ones met lately. */
export function share(state: MemoryState, text: string): string {
  const known = state.texts.get(text)
  if (known !== undefined) return known
  if (state.texts.size === MOST_TEXTS) state.texts.clear()
  state.texts.set(text, text)
  return text
}
