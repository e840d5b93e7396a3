/** Bounds how long an answer is waited for. */
import type { Clock } from './clock.ts'
import { timerLine } from './timer-line.ts'

/** What becomes of an answer that does not come, or fails. */
export interface Otherwise {
  readonly late: () => Error
  readonly failed: (error: unknown) => unknown
}

/** `promise`, or a rejection with `late()` if it has not settled after `ms`. What it does later is ignored. */
export function withDeadline<T>(clock: Clock, ms: number, promise: Promise<T>, otherwise: Otherwise): Promise<T> {
  return new Promise((resolve, reject) => {
    const line = timerLine(clock, ms)
    const timer = line.set(() => reject(otherwise.late()))
    promise.then(
      (value) => {
        line.clear(timer)
        resolve(value)
      },
      (error: unknown) => {
        line.clear(timer)
        reject(otherwise.failed(error))
      },
    )
  })
}
