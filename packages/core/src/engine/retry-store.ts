/** Retries of store calls that are safe to repeat: p-retry, with the engine's own clock for the waits. */
import pRetry, { AbortError } from 'p-retry'
import { sleep, type Clock } from '../time/clock.ts'
import { isTransient } from '../store/reach-store.ts'

/** The longest wait between two tries of the same call. */
export const MAX_BACKOFF_MS = 5_000

/** Wait before try `attempt` + 1 (attempt ≥ 1): exponential from 50 ms, jittered by half, at most 5 s. */
export function storeBackoff(attempt: number, random: () => number): number {
  return Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(attempt - 1, 10)) * (0.5 + random() / 2)
}

/** The longest that the tries of one call take, with the waits between them. */
export function longestCall(deadlineMs: number, retries: number): number {
  let sum = deadlineMs
  for (let attempt = 1; attempt <= retries; attempt++) sum += storeBackoff(attempt, () => 1) + deadlineMs
  return sum
}

/** How calls are repeated. The waits run on `clock`; `signal` ends them. */
export interface StoreRetries {
  readonly clock: Clock
  readonly random: () => number
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

/** Calls `run` until it succeeds, at most `retries` more times, and only while errors are transient. */
export async function retryStore<T>(run: () => Promise<T>, options: StoreRetries): Promise<T> {
  // Nearly all calls succeed at once: what repeats them is only set up for the others.
  try {
    return await run()
  } catch (error) {
    if (!isTransient(error) || options.retries === 0) throw error
  }
  await pause(1, options)
  return pRetry(
    async () => {
      try {
        return await run()
      } catch (error) {
        throw isTransient(error) ? error : new AbortError(error as Error)
      }
    },
    {
      retries: options.retries - 1,
      minTimeout: 0,
      maxTimeout: 0,
      onFailedAttempt: ({ attemptNumber, retriesLeft }) => (retriesLeft > 0 ? pause(attemptNumber + 1, options) : undefined),
    },
  )
}

function pause(attempt: number, { clock, random, signal }: StoreRetries): Promise<void> {
  return sleep(clock, storeBackoff(attempt, random), signal)
}
