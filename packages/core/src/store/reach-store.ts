/** Calls of a store, as everyone but the store itself makes them: with a deadline, and with coded errors. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Clock } from '../time/clock.ts'

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
  const { clock, deadlineMs, store, verb } = call
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      () =>
        reject(
          new QuarterjackError(
            'StoreTimedOut',
            `store "${store}": ${verb} did not answer within ${deadlineMs} ms. It may still have taken effect.`,
          ),
        ),
      deadlineMs,
    )
    const fail = (error: unknown): void => {
      clock.clearTimer(timer)
      reject(
        QuarterjackError.isInstance(error)
          ? error
          : new QuarterjackError('StoreUnavailable', `store "${store}": ${verb} failed: ${messageOf(error)}`, { cause: error }),
      )
    }
    const give = (value: T): void => {
      clock.clearTimer(timer)
      resolve(value)
    }
    try {
      run().then(give, fail)
    } catch (error) {
      fail(error)
    }
  })
}

/** True for errors after which the same call may succeed later. */
export function isTransient(error: unknown): error is QuarterjackError {
  return QuarterjackError.isInstance(error, 'StoreUnavailable') || QuarterjackError.isInstance(error, 'StoreTimedOut')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
