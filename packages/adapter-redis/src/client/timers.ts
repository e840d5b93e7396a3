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

/**
 * The answer of `asked`, or an error after `ms`. What arrives later goes to `onLate`, so that it can be given back.
 * Unlike {@link after}, it keeps the process alive: somebody awaits it.
 */
export function withinMs<T>(
  asked: Promise<T>,
  ms: number,
  late: { readonly error: () => Error; readonly onLate?: (value: T) => void },
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(late.error())
    }, ms)
    asked.then(
      (value) => {
        clearTimeout(timer)
        if (isLate) late.onLate?.(value)
        else resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
