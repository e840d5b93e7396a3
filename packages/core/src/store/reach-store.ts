/** Calls of a store, as everyone but the store itself makes them: with a deadline, and with coded errors. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Clock } from '../time/clock.ts'
import { withDeadline } from '../time/deadline.ts'

/** For `open`, which may have to migrate. A store bounds its attempts to connect by itself. */
export const OPEN_DEADLINE_MS = 30_000

/** Which call, and how long it may take. */
export interface StoreCall {
  readonly clock: Clock
  readonly deadlineMs: number
  /** The store's name. */
  readonly store: string
  /** `runs.claim`, … */
  readonly verb: string
}

/**
 * The answer of `run`. Throws `StoreTimedOut` after the deadline (the call may still take effect), `StoreUnavailable`
 * with the client's own error as the cause, and errors of ours as they are.
 */
export async function reachStore<T>(run: () => Promise<T>, { clock, deadlineMs, store, verb }: StoreCall): Promise<T> {
  const what = `store "${store}": ${verb}`
  const timedOut = (): Error =>
    new QuarterjackError('StoreTimedOut', `${what} did not answer within ${deadlineMs} ms. It may still have taken effect.`)
  try {
    return await withDeadline(clock, deadlineMs, run(), timedOut)
  } catch (error) {
    if (QuarterjackError.isInstance(error)) throw error
    throw new QuarterjackError('StoreUnavailable', `${what} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** True for errors after which the same call may succeed later. */
export function isTransient(error: unknown): error is QuarterjackError {
  return QuarterjackError.isInstance(error, 'StoreUnavailable') || QuarterjackError.isInstance(error, 'StoreTimedOut')
}
