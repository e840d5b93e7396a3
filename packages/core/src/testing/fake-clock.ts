/** A clock that moves only when told, for tests and simulations. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { type Duration, formatDuration, parseDuration } from '../time/duration.ts'
import { type Instant, toInstant } from '../time/instant.ts'

/** {@link Clock} whose time is moved by hand. Wall time and monotonic time move together unless `jump` is called. */
export interface FakeClock extends Clock {
  /** Moves time forward, firing due timers in order, each followed by all work it caused. */
  advance(by: Duration): Promise<void>
  /** Moves time to a wall instant; must not lie in the past. */
  advanceTo(at: Instant): Promise<void>
  /** Lets all pending work (promises, deferred callbacks) finish without moving time. */
  settle(): Promise<void>
  /**
   * Moves time to each next timer until `promise` settles, for at most `within` (default one hour). For code that waits for
   * this clock: real I/O takes real time, so await that directly. Throws `WaitTimedOut`.
   */
  until<T>(promise: Promise<T>, within?: Duration): Promise<T>
  /** Steps the wall clock only, forward or back, as NTP or an operator would. */
  jump(ms: number): void
  /** How many timers are set. */
  readonly timers: number
  /** Monotonic instant of the next timer, or null. */
  readonly nextTimerAt: number | null
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** Starts at `startAt` (default 2026-01-01T00:00:00Z). Throws `InvalidInstant`, also for a text without an offset. */
export function fakeClock(startAt: Instant = Date.UTC(2026, 0, 1)): FakeClock {
  let wallOffset = toInstant(startAt, 'startAt')
  let elapsed = 0
  let order = 0
  const timers = new Set<Timer>()
  let deferred = 0

  const settle = async (): Promise<void> => {
    do {
      // One real turn: every promise that can resolve has resolved after it.
      await new Promise((resolve) => setImmediate(resolve)) // shape-allow clock-seam: lets promises run; no time passes
    } while (deferred > 0)
  }

  const next = (): Timer | null => {
    let first: Timer | null = null
    for (const timer of timers) {
      if (first === null || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  const advance = async (ms: number): Promise<void> => {
    const until = elapsed + ms
    await settle()
    for (let timer = next(); timer !== null && timer.at <= until; timer = next()) {
      elapsed = Math.max(elapsed, timer.at)
      timers.delete(timer)
      timer.callback()
      await settle()
    }
    elapsed = until
    await settle()
  }

  return {
    now: () => wallOffset + elapsed,
    monotonic: () => elapsed,
    setTimer(callback, delayMs): TimerHandle {
      const timer = { at: elapsed + Math.max(0, delayMs), order: order++, callback }
      timers.add(timer)
      return { timer }
    },
    clearTimer: (handle) => void timers.delete(handle.timer as Timer),
    defer(callback): void {
      deferred++
      // Deferred work needs no time to pass, so it goes on even while nobody moves this clock.
      // shape-allow clock-seam: deferred work needs a real turn, and no time
      setImmediate(() => {
        deferred--
        callback()
      })
    },
    settle,
    advance: async (by) => advance(msOf(by, 'advance')),
    async advanceTo(at): Promise<void> {
      const ms = toInstant(at, 'advanceTo') - (wallOffset + elapsed)
      if (ms < 0) {
        throw new QuarterjackError('InvalidInstant', `advanceTo: ${shown(at)} lies ${-ms} ms in the past; time only moves forward.`)
      }
      await advance(ms)
    },
    async until(promise, within = '1h') {
      const withinMs = msOf(within, 'until: within')
      let settled = false
      const watched = promise.finally(() => {
        settled = true
      })
      watched.catch(() => undefined)
      const limit = elapsed + withinMs
      await settle()
      while (!settled && elapsed < limit) await advance(Math.max(0, Math.min(next()?.at ?? limit, limit) - elapsed))
      if (!settled) {
        const remedy = 'If it waits for real I/O, which takes no time of this clock, await it directly; else give it longer.'
        throw new QuarterjackError('WaitTimedOut', `until: not settled within ${formatDuration(withinMs)} of this clock's time. ${remedy}`)
      }
      return watched
    },
    jump(ms): void {
      if (!Number.isFinite(ms)) throw new QuarterjackError('InvalidDuration', `jump: ${shown(ms)} is not a number of milliseconds.`)
      wallOffset += ms
    },
    get timers(): number {
      return timers.size
    },
    get nextTimerAt(): number | null {
      return next()?.at ?? null
    },
  }
}

/** As any duration; parts of a millisecond are taken, too, for a clock may stand between two. */
function msOf(by: Duration, field: string): number {
  return typeof by === 'number' && Number.isFinite(by) && by >= 0 ? by : parseDuration(by, field)
}
