/**
 * Adaptive pacing: what refreshes cost, kept with the rollup as text, and how long marks are gathered because of it. Pure.
 *
 * A run that keeps the source busy for `runMs` is followed by a wait of at least `runMs × (1 − share) / share`, so that refreshing as
 * marks come takes at most `share` of the time; never less than the debounce, never more than `pacing.most`.
 */
import type { PlanningPolicy, RollupPolicy } from './rollup.ts'
import type { Waits } from './rollup-run.ts'

/** What the last batches left for the next ones to know. */
export interface Pace {
  /** Windows of the next batch; null: not known yet. */
  readonly batch: number | null
  /** What one window takes, in ms, smoothed; null: not known yet. */
  readonly windowMs: number | null
  /** How long a run was busy with marked windows, in ms, smoothed. */
  readonly runMs: number
  /** Batches in a row of which nothing could be refreshed. */
  readonly failing: number
  /** When it was measured, on the store's clock. */
  readonly at: number
}

/** One batch that was refreshed. */
export interface BatchCost {
  readonly windows: number
  readonly elapsedMs: number
}

const NO_PACE: Pace = Object.freeze({ batch: null, windowMs: null, runMs: 0, failing: 0, at: 0 })

/** The newest measurement counts this much. */
const WEIGHT = 0.4
/** Measurements that are so many times `pacing.most` old say nothing any more. */
const MEMORY = 3

/** What the text says, as far as it can be understood; whoever wrote it. */
export function readPace(text: string | null): Pace {
  if (text === null) return NO_PACE
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read !== 'object' || read === null) return NO_PACE
    const { batch, windowMs, runMs, failing, at } = read as Readonly<Record<string, unknown>>
    return {
      batch: isAmount(batch) && batch >= 1 ? Math.floor(batch) : null,
      windowMs: isAmount(windowMs) ? windowMs : null,
      runMs: isAmount(runMs) ? runMs : 0,
      failing: isAmount(failing) ? Math.floor(failing) : 0,
      at: isAmount(at) ? at : 0,
    }
  } catch {
    return NO_PACE
  }
}

/** The text for the store. */
export function writePace({ batch, windowMs, runMs, failing, at }: Pace): string {
  return JSON.stringify({ batch, windowMs: windowMs === null ? null : round(windowMs), runMs: round(runMs), failing, at })
}

/** How many windows the next batch has. */
export function batchSize({ batch }: Pace, policy: RollupPolicy['batch']): number {
  return Math.max(1, Math.min(batch ?? policy.start, policy.most))
}

/**
 * After a batch that was refreshed: its size follows what a window takes, so that the next one takes about `targetMs`. It at most
 * doubles what has been tried, and grows only from a full batch.
 */
export function paceAfterBatch(pace: Pace, { windows, elapsedMs }: BatchCost, policy: RollupPolicy['batch']): Pace {
  const size = batchSize(pace, policy)
  const costMs = Math.max(elapsedMs, 0.01) / windows
  const wanted = Math.max(1, Math.floor(policy.targetMs / costMs))
  const batch = windows >= size ? Math.min(wanted, 2 * windows) : Math.min(wanted, size)
  return {
    ...pace,
    batch: Math.max(1, Math.min(batch, policy.most)),
    windowMs: pace.windowMs === null ? costMs : blend(pace.windowMs, costMs),
    failing: 0,
  }
}

/** After a batch of which nothing could be refreshed; `size`: of the smallest part that failed. */
export function paceAfterFailure(pace: Pace, size: number): Pace {
  return { ...pace, batch: Math.max(1, size), failing: pace.failing + 1 }
}

/** With how long this run has been busy with marked windows so far; `before`: as the run found it. */
export function paceOfRun(
  pace: Pace,
  { before, busyMs, now }: { readonly before: Pace; readonly busyMs: number; readonly now: number },
): Pace {
  return { ...pace, runMs: blend(before.runMs, busyMs), at: now }
}

/** How long marks are gathered now. */
export function waitsOf(pace: Pace, planning: PlanningPolicy, now: number): Waits {
  const { waitMs, maxWaitMs, paceShare, paceMostMs } = planning
  const isOld = now - pace.at > MEMORY * paceMostMs
  const needed = isOld ? 0 : Math.round((pace.runMs * (1 - paceShare)) / paceShare)
  const paced = Math.max(waitMs, Math.min(needed, paceMostMs))
  return { waitMs: paced, maxWaitMs: Math.max(maxWaitMs, paced) }
}

function blend(before: number, measured: number): number {
  return before + WEIGHT * (measured - before)
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
