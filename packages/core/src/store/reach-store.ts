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
export function reachStore<T>(run: () => Promise<T>, call: StoreCall): Promise<T> {
  const otherwise = { late: () => timedOut(call), failed: (error: unknown) => coded(error, call) }
  let answer: Promise<T>
  try {
    answer = run()
  } catch (error) {
    return Promise.reject(coded(error, call))
  }
  return withDeadline(call.clock, call.deadlineMs, answer, otherwise)
}

function timedOut({ store, verb, deadlineMs }: StoreCall): Error {
  const what = `store "${store}": ${verb} did not answer within ${deadlineMs} ms`
  return new QuarterjackError('StoreTimedOut', `${what}. It may still have taken effect.`)
}

function coded(error: unknown, { store, verb }: StoreCall): unknown {
  if (QuarterjackError.isInstance(error)) return error
  const what = `store "${store}": ${verb} failed: ${error instanceof Error ? error.message : String(error)}`
  return new QuarterjackError('StoreUnavailable', what, { cause: error })
}

/** True for errors after which the same call may succeed later. */
export function isTransient(error: unknown): error is QuarterjackError {
  return QuarterjackError.isInstance(error, 'StoreUnavailable') || QuarterjackError.isInstance(error, 'StoreTimedOut')
}
