/**
 * What a run of a rollup does next, from what the store knows of its windows (engine rule 33). Pure.
 *
 * The order: what is in sight of a live rollup; the newest of what fell due and was never refreshed, since people look at that; what a
 * sweep looks back at; then, in turns, changed windows, the oldest change first, and the rest of what was never refreshed, the oldest
 * first, so that the watermark moves. A run takes each window once: what changes meanwhile has a debounced run of its own.
 */
import type { WindowRecord } from '../store/window-records.ts'
import type { RollupState, WindowBid, WindowPass } from '../store/windows.ts'
import { MAX_INSTANT } from '../time/zone.ts'
import { dueAtOf, dueEdge, floorEdge, newestDue, nextDueAt, windowsInSight } from './due.ts'
import type { Plannable } from './stored-rollup.ts'
import type { Window } from './windows.ts'

/** So many of the newest missing windows come before everything else that is due. */
const MOST_FRESH = 24
/** What waits for a child, or for marks to be drained, is looked at again after at least this long: at instants that all runs share, so that one look follows for all. */
const LOOK_AGAIN_MS = 30_000

/** What came up again for a run that had taken it is left to the next one, after this long. */
const OWED_MS = 1_000

/** What is known when a run looks. */
export interface RefreshFacts {
  readonly rollup: Plannable
  readonly state: RollupState
  /** The store's, of `state`. */
  readonly now: number
  readonly runId: string
  /** Watermarks of the rollups that it comes `after`: beyond the least of them, nothing can be completed. */
  readonly children: readonly number[]
  /** It was not asked for by marks alone: the lookback, and with `live` what is in sight, are refreshed whatever they are; so is what was given up. */
  readonly isSweep: boolean
  /** This run looks back: what an earlier plan of it said. */
  readonly looksBack: boolean
  /** Starts of the windows that this run has taken. */
  readonly taken: ReadonlySet<number>
  /** When the marks of its sources were last drained to the end, as far as this run knows; null: it does not. */
  readonly drainedAt: number | null
  /** The `after` that `state` was asked with. */
  readonly page: number | null
  /** Most bids. */
  readonly most: number
}

export interface RefreshPlan {
  /** To be carried out before anything is claimed. */
  readonly pass: Pick<WindowPass, 'expected' | 'through' | 'expired'> | null
  /** In the order in which they are to be refreshed, each window once. */
  readonly bids: readonly WindowBid[]
  /** It is a sweep, or found that a window has fallen due. */
  readonly looksBack: boolean
  /** Drain first: whether windows are empty cannot be told before. */
  readonly needsDrain: boolean
  /** Nothing is to be done here: ask for `state` again, `after` this. */
  readonly page: number | null
  /** When there is something to do again, at the latest: the next window falls due, a failed one may be tried, or a child may have moved on. */
  readonly lookAt: number
}

/** The next steps of a run. */
export function planRefresh(facts: RefreshFacts): RefreshPlan {
  const view = viewOf(facts)
  const bids = createBids(facts, view)
  const looksBack = facts.isSweep || facts.looksBack || hasFallenDue(facts, view)
  bidForSight(bids, facts, view)
  if (!bids.isFull()) for (const window of freshOf(facts, view)) bids.add(window, 'missing')
  if (looksBack) lookBack(bids, facts, view)
  takeTurns(bids, dirtyBids(facts, view), missingOf(facts, view))
  const pass = planPass(facts, view)
  return {
    pass,
    bids: bids.list,
    looksBack,
    needsDrain: pass === null && needsDrain(facts, view),
    page: bids.list.length === 0 && pass === null && facts.state.more ? (facts.state.ahead.at(-1)?.start ?? null) : null,
    lookAt: bids.owes ? Math.min(lookAtOf(facts, view), facts.now + OWED_MS) : lookAtOf(facts, view),
  }
}

/** Whether a record says that its window will not be tried again by itself. */
export function isGivenUp({ error, retryAt }: Pick<WindowRecord, 'error' | 'retryAt'>): boolean {
  return error !== null && retryAt === null
}

/** Where things stand. All are edges. */
interface View {
  /** What begins before it must not be refreshed. */
  readonly floor: number
  /** What ends at or before it is due. */
  readonly due: number
  /** And the children are past it, too. */
  readonly through: number
  /** From where on windows may be missing, as far as this page goes. */
  readonly low: number
  /** Up to where records are known. */
  readonly known: number
  readonly records: ReadonlyMap<number, WindowRecord>
}

function viewOf({ rollup, state, now, children, page }: RefreshFacts): View {
  const { windows } = rollup
  const floor = floorEdge(rollup, now)
  const due = dueEdge(rollup, now)
  const least = Math.min(...children)
  const through = least >= due ? due : Math.min(due, Number.isFinite(least) ? windows.windowOf(least).start : least)
  const last = state.more ? state.ahead.at(-1) : undefined
  return {
    floor,
    due,
    through,
    low: page === null ? Math.max(state.record.watermark, floor) : windows.windowOf(page).end,
    known: last === undefined ? Number.POSITIVE_INFINITY : last.end,
    records: new Map([...state.dirty, ...state.ahead].map((record) => [record.start, record])),
  }
}

interface Bids {
  readonly list: readonly WindowBid[]
  /** A window that this run has taken is to be refreshed again, and no mark will ask for it. */
  readonly owes: boolean
  isFull(): boolean
  add(window: Window, when: WindowBid['when']): void
}

function createBids({ rollup, runId, now, taken, isSweep, most }: RefreshFacts, { due, through, records }: View): Bids {
  const list: WindowBid[] = []
  const bid = new Set<number>()
  const isFree = (record: WindowRecord | undefined): boolean => {
    if (record === undefined) return true
    if (record.runId !== null && record.runId !== runId) return false
    return record.error === null || (record.retryAt === null ? isSweep : record.retryAt <= now)
  }
  const isOwed = (record: WindowRecord | undefined, when: WindowBid['when']): boolean =>
    when === 'missing' || (when === 'dirty' && record !== undefined && record.error !== null && record.retryAt !== null)
  let owes = false
  return {
    list,
    get owes() {
      return owes
    },
    isFull: () => list.length >= most,
    add(window, when) {
      const { start, end } = window
      const record = records.get(start)
      if (list.length >= most || bid.has(start) || !isFree(record)) return
      if (taken.has(start)) {
        // What this run gave up waits for the next sweep.
        if (record === undefined || !isGivenUp(record)) owes ||= isOwed(record, when)
        return
      }
      bid.add(start)
      // Due, but made of what is not complete: it may be shown, and will be completed later.
      const dueAt = end <= due && end > through ? MAX_INSTANT : dueAtOf(rollup, window)
      list.push({ start, end, dueAt, when })
    },
  }
}

/** With `live`: the windows that have begun, and those that are due but wait for a child, if they changed or a sweep asks for them. */
function bidForSight(bids: Bids, { rollup, isSweep, now }: RefreshFacts, { through, due, floor, records }: View): void {
  if (!rollup.planning.isLive) return
  for (const window of windowsInSight(rollup, now))
    if (isSweep || isDirty(records.get(window.start))) bids.add(window, isSweep ? 'any' : 'dirty')
  if (through >= due) return
  for (const { start, end, dirtySince } of records.values()) {
    if (dirtySince !== null && end > through && end <= due && start >= floor) bids.add({ start, end }, 'dirty')
  }
}

function isDirty(record: WindowRecord | undefined): boolean {
  return record !== undefined && record.dirtySince !== null
}

/** The newest windows that are missing, newest first. */
function freshOf({ rollup, state }: RefreshFacts, { low, through, records }: View): readonly Window[] {
  if (rollup.planning.isComplete || state.more) return []
  const fresh: Window[] = []
  for (const window of rollup.windows.betweenNewest(low, through)) {
    if (records.get(window.start)?.complete !== true && fresh.push(window) === MOST_FRESH) break
  }
  return fresh
}

function hasFallenDue({ rollup, state, now }: RefreshFacts, { through, records }: View): boolean {
  const newest = newestDue(rollup, 1, now)[0]
  if (newest === undefined || newest.end > through || state.more) return false
  return newest.end > state.record.watermark && records.get(newest.start)?.complete !== true
}

function lookBack(bids: Bids, { rollup, now }: RefreshFacts, { through }: View): void {
  for (const window of newestDue(rollup, rollup.planning.lookback, now)) if (window.end <= through) bids.add(window, 'any')
}

/** Changed windows that may be refreshed; those past what is kept come last, and are only let go of. */
function dirtyBids({ state }: RefreshFacts, { floor, due, through }: View): readonly Window[] {
  const { watermark } = state.record
  const ripe = state.dirty.filter(({ start, end, complete }) => {
    if (start < floor || end > due) return false
    return end <= through || end <= watermark || complete
  })
  return [...ripe, ...state.dirty.filter(({ start }) => start < floor)]
}

/** Due windows that were never refreshed when they were, oldest first. With complete capture, only those that were marked. */
function* missingOf({ rollup, state }: RefreshFacts, { low, through, known, records }: View): Generator<Window, void, undefined> {
  const until = Math.min(through, known)
  if (rollup.planning.isComplete) {
    for (const { start, end, complete } of state.ahead) if (!complete && start >= low && end <= until) yield { start, end }
    return
  }
  for (const window of rollup.windows.between(low, until)) if (records.get(window.start)?.complete !== true) yield window
}

function takeTurns(bids: Bids, dirty: readonly Window[], missing: Generator<Window, void, undefined>): void {
  const changed = dirty.values()
  while (!bids.isFull()) {
    const [a, b] = [changed.next(), missing.next()]
    if (a.done === true && b.done === true) return
    if (a.done !== true) bids.add(a.value, 'dirty')
    if (b.done !== true) bids.add(b.value, 'missing')
  }
}

function planPass({ rollup, state, drainedAt, page }: RefreshFacts, { floor, low, through, known }: View): RefreshPlan['pass'] {
  const { watermark } = state.record
  if (floor > watermark) return { expected: watermark, through: floor, expired: true }
  if (!rollup.planning.isComplete || page !== null) return null
  const incomplete = state.ahead.find(({ start, complete }) => !complete && start >= low)
  const told = state.hasMarks ? (drainedAt === null ? watermark : dueEdge(rollup, drainedAt)) : through
  const until = Math.min(through, known, told, incomplete?.start ?? Number.POSITIVE_INFINITY)
  return until > watermark ? { expected: watermark, through: until, expired: false } : null
}

/** Marks that are not drained may be about the windows that seem empty. */
function needsDrain({ rollup, state, drainedAt }: RefreshFacts, { through }: View): boolean {
  if (!rollup.planning.isComplete || !state.hasMarks || state.record.watermark >= through) return false
  return drainedAt === null || dueEdge(rollup, drainedAt) < through
}

function lookAtOf(facts: RefreshFacts, view: View): number {
  const { rollup, state, now } = facts
  const waits = view.through < view.due || needsDrain(facts, view)
  return Math.min(
    nextDueAt(rollup, now),
    state.nextRetryAt ?? Number.POSITIVE_INFINITY,
    waits ? (Math.ceil(now / LOOK_AGAIN_MS) + 1) * LOOK_AGAIN_MS : Number.POSITIVE_INFINITY,
  )
}
