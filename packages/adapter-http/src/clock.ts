/** The process's own clock: what handlers measure and wait by, unless a test gives another. */
import type { Clock } from '@quarterjack/core'

const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Real time. Its timers keep nothing alive: a server that waits does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, delayMs) => ({ timer: setTimeout(callback, Math.max(0, Math.min(delayMs, LONGEST_TIMER_MS))).unref() }),
  clearTimer: ({ timer }) => clearTimeout(timer as NodeJS.Timeout),
  defer: (callback) => void setImmediate(callback),
}
