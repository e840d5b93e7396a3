/** What a run of a rollup, or of a backfill of it, works with: what it was given, what it has done, and what that cost. */
import { StaleLeaseError } from '../errors/run-errors.ts'
import type { RunContext } from '../job/job.ts'
import type { NextId } from '../random/ids.ts'
import type { Random } from '../random/random.ts'
import type { Refresher, RollupState, WindowStore } from '../store/windows.ts'
import type { Clock } from '../time/clock.ts'
import { type Pace, readPace } from './pace.ts'
import type { Rollup } from './rollup.ts'

/** What the shells of rollups are given. */
export interface RollupDeps {
  /** Calls the store with its deadline; verbs are safe to repeat, so it may. */
  readonly call: <T extends object>(verb: string, run: (windows: WindowStore) => Promise<T>) => Promise<T>
  /** The same store without a deadline: for the user's own transaction, which lasts as long as it lasts. */
  readonly windows: WindowStore
  readonly clock: Clock
  readonly random: Random
  readonly nextId: NextId
}

/** A run that refreshes windows. */
export interface RefreshRun {
  readonly rollup: Rollup
  /** Of the definition that this process wrote, or found as its own. */
  readonly generation: number
  readonly ctx: RunContext<unknown>
  readonly deps: RollupDeps
  /** How long it goes on, in ms. Default a minute. */
  readonly budgetMs?: number | undefined
}

/** What a run has done: the result of the run. */
export interface RefreshSummary {
  readonly refreshed: number
  /** Windows whose refresh failed, now and then put off or given up. */
  readonly failed: number
  /** Of the refreshed ones, those that were left as they were since their source looks wrong. */
  readonly suspect: number
  /** Windows that it saw and leaves to the next run; at least so many. */
  readonly left: number
}

/** How a run ended that was not aborted. */
export interface RefreshEnd {
  readonly summary: RefreshSummary
  /** When a run is to look again, on the store's clock: at once where there was too much for this one. Null: there is nothing left to do. */
  readonly nextAt: number | null
  /** The rollup has another generation, or is gone: nothing more was written, and it is for those that know it. */
  readonly isRedefined: boolean
  /** Of the last refresh that failed; undefined: none did. */
  readonly error: unknown
  /** The watermark is further on than the run found it: what comes after this rollup may have waited for that. */
  readonly hasMoved: boolean
}

export const DEFAULT_BUDGET_MS = 60_000

/** The run, as its parts share it. */
export interface RefreshWork extends RefreshRun {
  readonly refresher: Refresher
  readonly tally: { refreshed: number; failed: number; suspect: number }
  /** Of the last refresh that failed. */
  error: unknown
  /** What is known of costs; the first look at the rollup fills it in. */
  pace: Pace
  /** As the run found it; null: not looked yet. */
  paceBefore: Pace | null
  /** Ms that the run was busy with marked windows. */
  busyMs: number
  /** The watermark when the run first looked, and when it last did. */
  watermarks: readonly [first: number, last: number] | null
  /** The store's clock when the run last looked; null: it has not. */
  lookedAt: number | null
  isOver(): boolean
}

export function createRefreshWork(run: RefreshRun): RefreshWork {
  const { rollup, generation, ctx, deps, budgetMs = DEFAULT_BUDGET_MS } = run
  const until = deps.clock.monotonic() + budgetMs
  return {
    ...run,
    refresher: { rollup: rollup.name, generation, runId: ctx.runId, fence: ctx.fence },
    tally: { refreshed: 0, failed: 0, suspect: 0 },
    error: undefined,
    pace: readPace(null),
    paceBefore: null,
    busyMs: 0,
    watermarks: null,
    lookedAt: null,
    isOver: () => deps.clock.monotonic() >= until,
  }
}

/** The state of the rollup, and how far its children are. Null: it was redefined or is gone. */
export async function lookAtRollup(
  work: RefreshWork,
  { limit, after }: { readonly limit: number; readonly after: number | null },
): Promise<{ readonly state: RollupState; readonly children: readonly number[]; readonly now: number } | null> {
  const { name, policy } = work.rollup
  const rollups = [
    { rollup: name, limit, ...(after === null ? {} : { after }) },
    ...policy.after.map((child) => ({ rollup: child, limit: 1 })),
  ]
  const { states, storeNow } = await work.deps.call('windows.state', (windows) => windows.state({ rollups }))
  const [state = null, ...children] = states
  work.lookedAt = storeNow
  if (state === null || state.record.generation !== work.generation) return null
  const { watermark } = state.record
  work.watermarks = [work.watermarks?.[0] ?? watermark, watermark]
  // What this run has measured is newer than what it wrote.
  if (work.paceBefore === null) {
    work.paceBefore = readPace(state.record.pace)
    work.pace = work.paceBefore
  }
  return { state, now: storeNow, children: children.map((child) => child?.record.watermark ?? Number.NEGATIVE_INFINITY) }
}

/** The end of a run, with what it leaves. */
export function endOf(
  { tally, error, watermarks }: RefreshWork,
  end: { readonly left: number; readonly nextAt: number | null; readonly isRedefined?: boolean },
): RefreshEnd {
  return {
    summary: { ...tally, left: end.left },
    nextAt: end.nextAt,
    isRedefined: end.isRedefined ?? false,
    error,
    hasMoved: watermarks !== null && watermarks[1] > watermarks[0],
  }
}

/** The run no longer runs under its fence: it must not go on. */
export function staleRun({ rollup, ctx }: RefreshWork): StaleLeaseError {
  return new StaleLeaseError(`The refresh of rollup "${rollup.name}" by run ${ctx.runId}`)
}
