/** What becomes of a batch that failed: halves, so that one bad window fails alone; then its own backoff. Pure. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { JobPolicy } from '../job/job.ts'
import { retryDelay, retryHint } from '../job/retry-delay.ts'

/** Most refreshes of one batch that may fail: three bad windows among five hundred are found with fewer. */
export const MOST_FAILURES = 32

/** A refresh of a part of a batch that failed. */
export interface FailedPart {
  readonly error: unknown
  /** Windows in it. */
  readonly size: number
  /** Refreshes of this batch that have failed, this one included. */
  readonly failures: number
  /** Of each window in it: refreshes of it that failed before. */
  readonly attempts: readonly number[]
}

/**
 * `split`: refresh its halves. `fail`: its windows are put off, each by its delay in ms, or given up where that is `null`; with `stop`
 * the rest of the batch is left for another run.
 */
export type FailureVerdict =
  | { readonly kind: 'split' }
  | { readonly kind: 'fail'; readonly delaysMs: readonly (number | null)[]; readonly stop: boolean }

/** The verdict over a failed part. `random` jitters the backoff. A window is given up only when it failed alone. */
export function judgeFailure(
  { error, size, failures, attempts }: FailedPart,
  retry: JobPolicy['retry'],
  random: () => number,
): FailureVerdict {
  const hint = retryHint(error)
  // Whoever asks for time asks for it whatever the windows are.
  if (hint !== null)
    return { kind: 'fail', delaysMs: attempts.map((before) => (size === 1 && before >= retry.retries ? null : hint)), stop: true }
  if (size === 1) {
    const before = attempts[0] ?? 0
    const isOver = isNonRetryable(error) || before >= retry.retries
    return { kind: 'fail', delaysMs: [isOver ? null : retryDelay(retry, before + 1, random)], stop: false }
  }
  if (failures < MOST_FAILURES) return { kind: 'split' }
  return { kind: 'fail', delaysMs: attempts.map((before) => retryDelay(retry, before + 1, random)), stop: true }
}

/** The two halves of a part, the first at least as long. */
export function halve<T>(part: readonly T[]): readonly [readonly T[], readonly T[]] {
  const middle = Math.ceil(part.length / 2)
  return [part.slice(0, middle), part.slice(middle)]
}

/** By code, by name (another copy of the package), or by a `retryable: false` of the user's own error. */
function isNonRetryable(error: unknown): boolean {
  if (QuarterjackError.isInstance(error, 'NonRetryable')) return true
  if (typeof error !== 'object' || error === null) return false
  try {
    return (error as { readonly retryable?: unknown }).retryable === false
  } catch {
    return false
  }
}
