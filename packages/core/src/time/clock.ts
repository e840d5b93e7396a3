/** The seam to time: the only place in core that reads a clock or sets a timer. */

/** What {@link Clock.setTimer} returns; hand it to {@link Clock.clearTimer}. */
export interface TimerHandle {
  readonly timer: unknown
}

/** Wall time, monotonic time and timers. Tests pass a fake one. */
export interface Clock {
  /** Epoch milliseconds, wall clock. May jump. */
  now(): number
  /** Milliseconds that never go back; only differences mean anything. */
  monotonic(): number
  /** Calls `callback` once after `delayMs` of monotonic time. Delays over 2^31 − 1 ms are cut to that; callers re-arm. */
  setTimer(callback: () => void, delayMs: number): TimerHandle
  /** Cancels a timer; a fired or cancelled one is ignored. */
  clearTimer(handle: TimerHandle): void
  /** Calls `callback` once this turn's work is done: what gathers a batch. */
  defer(callback: () => void): void
}

/** The longest delay that Node honours; longer ones fire at once there. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/** The process's own clock. Its timers keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, delayMs) => ({ timer: setTimeout(callback, Math.max(0, Math.min(delayMs, MAX_TIMER_MS))) }),
  clearTimer: (handle) => clearTimeout(handle.timer as NodeJS.Timeout),
  defer: (callback) => void setImmediate(callback),
}

/** Resolves after `delayMs` on `clock`, or rejects with the signal's reason. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clock.clearTimer(handle)
      reject(signal?.reason)
    }
    const handle = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves when `hint` does or `ms` passed, whichever comes first; rejects with the signal's reason. Leaves no timer behind. */
export async function waitForHint(clock: Clock, ms: number, hint: Promise<void>, signal?: AbortSignal): Promise<void> {
  const over = new AbortController()
  const onAbort = (): void => over.abort(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const slept = sleep(clock, ms, over.signal)
  slept.catch(() => undefined)
  try {
    await Promise.race([hint, slept])
  } finally {
    signal?.removeEventListener('abort', onAbort)
    over.abort()
  }
}
