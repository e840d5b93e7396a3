/** Timers of the package: the waits of a client, which no clock of the scheduler knows. */

/** Takes a timer back. */
export type Cancel = () => void

/** Calls `work` once after `ms`; the process may end before. */
export function after(ms: number, work: () => void): Cancel {
  const timer = setTimeout(work, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

/** Milliseconds of a clock that never goes back. */
export function monotonic(): number {
  return performance.now()
}
