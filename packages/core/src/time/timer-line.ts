/** Timers that all last equally long: one timer of the clock and the order in which they came serve any number of them. */
import type { Clock, TimerHandle } from './clock.ts'

/** One of them. */
export interface LineTimer {
  /** Monotonic. */
  readonly endsAt: number
  readonly callback: () => void
}

export interface TimerLine {
  /** Calls `callback` once, after as long as all of this line wait. */
  set(callback: () => void): LineTimer
  /** One that is over is ignored. */
  clear(timer: LineTimer): void
}

const lines = new WeakMap<Clock, Map<number, TimerLine>>()

/** The line of `clock` for `ms`: the same for all who ask. */
export function timerLine(clock: Clock, ms: number): TimerLine {
  let known = lines.get(clock)
  if (known === undefined) {
    known = new Map()
    lines.set(clock, known)
  }
  let line = known.get(ms)
  if (line === undefined) {
    line = createLine(clock, ms)
    known.set(ms, line)
  }
  return line
}

function createLine(clock: Clock, ms: number): TimerLine {
  /** In the order in which they end. */
  const waiting = new Set<LineTimer>()
  let handle: TimerHandle | null = null

  const look = (): void => {
    handle = null
    const now = clock.monotonic()
    for (const one of waiting) {
      if (one.endsAt > now) return arm(one.endsAt - now)
      waiting.delete(one)
      one.callback()
    }
  }

  const arm = (delayMs: number): void => {
    handle ??= clock.setTimer(look, delayMs)
  }

  return {
    set(callback) {
      const timer = { endsAt: clock.monotonic() + ms, callback }
      waiting.add(timer)
      arm(ms)
      return timer
    },
    clear(timer) {
      if (!waiting.delete(timer) || waiting.size > 0 || handle === null) return
      clock.clearTimer(handle)
      handle = null
    },
  }
}
