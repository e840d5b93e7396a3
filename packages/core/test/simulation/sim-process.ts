/** One process of the simulation: its own view of time, which can freeze, and end. */
import type { Clock, TimerHandle } from '../../src/time/clock.ts'
import type { Timeline, TimelineEvent } from './timeline.ts'

export interface SimProcess {
  readonly name: string
  readonly state: 'running' | 'paused' | 'dead'
  /** The engine's clock; its timers are counted. */
  readonly clock: Clock
  /** What handlers wait on: the same time, not counted. */
  readonly handlerClock: Clock
  /** Runs `callback` now, or after the pause, or never. For replies and hints. */
  deliver(callback: () => void): void
  pause(): void
  /** What fell due meanwhile happens at once: timers in their order, replies before or after them. */
  resume(repliesFirst: boolean): void
  /** None of its callbacks ever runs again. */
  kill(): void
  /** Steps the wall clock. */
  jump(ms: number): void
  /** Engine timers that are set. */
  readonly timers: number
  /** How long it has been frozen, in sum. */
  readonly pausedMs: number
  /** It is frozen, or has just thawed: what it should do at once takes its shortest timer. */
  readonly isFrozen: boolean
}

export interface SimProcessOptions {
  readonly name: string
  readonly timeline: Timeline
  /** Epoch ms of this process's wall clock at time 0. */
  readonly wallAt: number
  /** Milliseconds of its monotonic clock per real one: quartz is not exact. */
  readonly rate: number
}

interface Timer {
  event: TimelineEvent | null
  set: boolean
}

interface Held {
  readonly kind: 'timer' | 'reply'
  readonly callback: () => void
}

const THAW_MS = 5

export function createSimProcess({ name, timeline, wallAt, rate }: SimProcessOptions): SimProcess {
  const bootedAt = timeline.now
  let state: SimProcess['state'] = 'running'
  let wallOffset = wallAt
  let timers = 0
  let held: Held[] = []
  let pausedAt = 0
  let pausedMs = 0
  let thawedAt = Number.NEGATIVE_INFINITY

  const happen = (kind: Held['kind'], callback: () => void): void => {
    if (state === 'running') callback()
    else if (state === 'paused') held.push({ kind, callback })
  }

  const monotonic = (): number => (timeline.now - bootedAt) * rate + 1_000

  const clockOf = (count: (by: number) => void): Clock => {
    const settle = (timer: Timer): boolean => {
      if (!timer.set) return false
      timer.set = false
      count(-1)
      return true
    }
    return {
      now: () => Math.floor(wallOffset + timeline.now),
      monotonic,
      setTimer(callback, delayMs): TimerHandle {
        const timer: Timer = { event: null, set: true }
        count(1)
        if (Number.isNaN(delayMs)) throw new RangeError('a timer was set for NaN ms')
        // As Node does: whole milliseconds, at least one.
        timer.event = timeline.after(Math.max(1, Math.trunc(Math.min(delayMs, 2 ** 31))) / rate, () =>
          happen('timer', () => {
            if (settle(timer)) callback()
          }),
        )
        return { timer }
      },
      clearTimer(handle) {
        const timer = handle.timer as Timer
        if (settle(timer) && timer.event !== null) timeline.cancel(timer.event)
      },
      defer: (callback) => timeline.defer(() => happen('reply', callback)),
    }
  }

  return {
    name,
    get state() {
      return state
    },
    clock: clockOf((by) => {
      timers += by
    }),
    handlerClock: clockOf(() => undefined),
    deliver: (callback) => happen('reply', callback),
    pause() {
      if (state !== 'running') return
      state = 'paused'
      pausedAt = timeline.now
    },
    resume(repliesFirst) {
      if (state !== 'paused') return
      state = 'running'
      pausedMs += timeline.now - pausedAt
      thawedAt = timeline.now
      const first = repliesFirst ? 'reply' : 'timer'
      const due = [...held.filter((one) => one.kind === first), ...held.filter((one) => one.kind !== first)]
      held = []
      for (const { kind, callback } of due) timeline.after(0, () => happen(kind, callback))
    },
    kill() {
      state = 'dead'
      held = []
    },
    jump(ms) {
      wallOffset += ms
    },
    get timers() {
      return timers
    },
    get isFrozen() {
      return state === 'paused' || timeline.now - thawedAt < THAW_MS
    },
    get pausedMs() {
      return pausedMs + (state === 'paused' ? timeline.now - pausedAt : 0)
    },
  }
}
