/** How long runs of a job take, and when one takes too long. Pure. */
import { percentilesOf } from '../observe/percentiles.ts'
import type { AttemptOutcome } from '../run/run-state.ts'
import type { JobStats } from '../store/runs.ts'

/** A run without a timeout is too long beyond this many times the p95 of its job… */
export const LONG_RUN_FACTOR = 10

/** …and beyond this, so that a job of milliseconds does not alarm. */
const LONG_RUN_FLOOR_MS = 60_000

/** Durations of the recent attempts that a handler ended, newest first. */
export function durationsOf(stats: JobStats): readonly number[] {
  return stats.recent.filter(({ outcome }) => HANDLED.has(outcome)).map(({ durationMs }) => durationMs)
}

const HANDLED: ReadonlySet<AttemptOutcome> = new Set(['succeeded', 'failed', 'timedOut'])

/** The p95 of a job, and the duration beyond which a run without a timeout is too long; null without a past. */
export function longRunOf(stats: JobStats): { readonly p95: number; readonly boundMs: number } | null {
  const { p95 } = percentilesOf(durationsOf(stats))
  return p95 === null ? null : { p95, boundMs: Math.max(LONG_RUN_FLOOR_MS, LONG_RUN_FACTOR * p95) }
}
