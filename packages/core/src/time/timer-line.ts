/** Timers that all last equally long: one timer of the clock and the order in which they came serve any number of them. */
import type { Clock, TimerHandle } from './clock.ts'

/** One of them. */
export interface LineTimer {
  /** Monotonic. */
  readonly endsAt: number
  readonly callback: () => void
  /** Its neighbours. Not a member of a Set: what a busy one held lives on from one garbage collection to the next. */
  before: LineTimer | null
  after: LineTimer | null
  isSet: boolean
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
  /** The ones that end first and last. */
  let first: LineTimer | null = null
  let last: LineTimer | null = null
  let handle: TimerHandle | null = null

  const look = (): void => {
    handle = null
    const now = clock.monotonic()
    while (first !== null && first.endsAt <= now) {
      const { callback } = first
      take(first)
      callback()
    }
    if (first !== null) arm(first.endsAt - now)
  }

  const arm = (delayMs: number): void => {
    handle ??= clock.setTimer(look, delayMs)
  }

  const take = (timer: LineTimer): void => {
    const { before, after } = timer
    if (before === null) first = after
    else before.after = after
    if (after === null) last = before
    else after.before = before
    timer.before = timer.after = null
    timer.isSet = false
  }

  return {
    set(callback) {
      const timer: LineTimer = { endsAt: clock.monotonic() + ms, callback, before: last, after: null, isSet: true }
      if (last === null) first = timer
      else last.after = timer
      last = timer
      arm(ms)
      return timer
    },
    clear(timer) {
      if (!timer.isSet) return
      take(timer)
      if (first !== null || handle === null) return
      clock.clearTimer(handle)
      handle = null
    },
  }
}
