/** Bounds how long an answer is waited for. */
import type { Clock } from './clock.ts'

/** `promise`, or a rejection with `makeError()` if it has not settled after `ms`. What it does later is ignored. */
export function withDeadline<T>(clock: Clock, ms: number, promise: Promise<T>, makeError: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => reject(makeError()), ms)
    promise.then(
      (value) => {
        clock.clearTimer(timer)
        resolve(value)
      },
      (error: unknown) => {
        clock.clearTimer(timer)
        reject(error)
      },
    )
  })
}
