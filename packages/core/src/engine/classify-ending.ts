/** What becomes of a run when its handler ended, or would not. Pure. */
import type { StoredError } from '../errors/stored-error.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { JobPolicy } from '../job/job.ts'
import { retryDelay, retryHint } from '../job/retry-delay.ts'
import { toStoredError } from '../observe/stored-error.ts'
import type { AttemptOutcome } from '../run/run-state.ts'
import type { RunRecord } from '../store/records.ts'
import type { Settlement } from '../store/runs.ts'
import { keepResult } from './keep-result.ts'
import { SkipSignal } from './skip-signal.ts'

/** How the handler ended: it returned, it threw, or it ignored an abort past the grace. */
export type Ending =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'stuck' }

export interface EndingFacts {
  readonly ending: Ending
  /** The reason of the run's signal; null while it was not aborted. */
  readonly abortReason: unknown
  readonly policy: JobPolicy
  readonly record: RunRecord
  readonly limits: { readonly result: number; readonly error: number }
}

/** The part of a settlement that the ending decides. */
export interface Verdict {
  readonly outcome: AttemptOutcome
  readonly then: Settlement['then']
  readonly error: StoredError | null
  /** What of the result could not be kept, in words. */
  readonly loss?: string
}

/** The verdict over an ending. `random` jitters the backoff. */
export function classifyEnding(facts: EndingFacts, random: () => number): Verdict {
  const { ending, limits } = facts
  // A handler that finished its work has finished it, whatever was asked of it meanwhile.
  if (ending.kind === 'returned') {
    const { text, loss } = keepResult(ending.value, limits.result)
    return { outcome: 'succeeded', then: { to: 'succeeded', result: text }, error: null, ...(loss === null ? {} : { loss }) }
  }
  if (ending.kind === 'threw' && ending.error instanceof SkipSignal) {
    return { outcome: 'succeeded', then: { to: 'skipped', reason: `handler: ${ending.error.reason}` }, error: null }
  }
  const abort = QuarterjackError.isInstance(facts.abortReason) ? facts.abortReason : null
  const error =
    ending.kind === 'threw' && abort?.code !== 'AttemptTimedOut' ? ending.error : (abort ?? new Error('the handler ignored abort'))
  const stored = toStoredError(error, limits.error)
  switch (abort?.code) {
    case 'RunCancelled':
      return { outcome: 'cancelled', then: { to: 'cancelled', reason: abort.message }, error: null }
    case 'SchedulerStopped':
      return { outcome: 'released', then: { to: 'released' }, error: null }
    case 'LeaseLost':
      return { outcome: 'abandoned', then: { to: 'released' }, error: stored }
    case 'AttemptTimedOut':
      return afterFailure('timedOut', abort, stored, facts, random)
    default:
      return afterFailure('failed', error, stored, facts, random)
  }
}

function afterFailure(outcome: AttemptOutcome, error: unknown, stored: StoredError, facts: EndingFacts, random: () => number): Verdict {
  const { policy, record } = facts
  const failures = record.failures + 1
  if (isNonRetryable(error)) return { outcome, then: { to: 'dead', reason: `not retryable: ${stored.message}` }, error: stored }
  if (failures > policy.retry.retries) {
    return {
      outcome,
      then: { to: 'dead', reason: failures === 1 ? stored.message : `failed ${failures} times: ${stored.message}` },
      error: stored,
    }
  }
  const delayMs = retryHint(error) ?? retryDelay(policy.retry, failures, random)
  return { outcome, then: { to: 'retry', delayMs }, error: stored }
}

/** By code, by name (another copy of the package), or by a `retryable: false` of the user's own error. */
function isNonRetryable(error: unknown): boolean {
  if (QuarterjackError.isInstance(error, 'NonRetryable')) return true
  if (typeof error !== 'object' || error === null) return false
  try {
    return (error as { retryable?: unknown }).retryable === false
  } catch {
    return false
  }
}
