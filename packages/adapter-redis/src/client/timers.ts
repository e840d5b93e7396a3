/** Timers of the package: the waits of a client, which no clock of the scheduler knows. */

/** Takes a timer back. */
export type Cancel = () => void

/** Calls `work` once after `ms`; the process may end before. */
export function after(ms: number, work: () => void): Cancel {
  const timer = setTimeout(work, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}

/** Resolves in the next turn of the event loop: sooner than any timer. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

/** Milliseconds of a clock that never goes back. */
export function monotonic(): number {
  return performance.now()
}
