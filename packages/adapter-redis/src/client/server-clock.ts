/**
 * When a script begins that is sent now, on the server's clock. Each reply tells when its own began; of the newest calls, the
 * one that was on its way for the shortest time says how soon another could begin: no earlier.
 */
import { monotonic, pause, turn } from './timers.ts'

export interface ServerClock {
  /** A script that was sent at a monotonic instant began at one of the server. */
  observe(sentAt: number, beganAt: number): void
  /** Resolves when a script that is sent then begins at an instant of the server, or right after. At once where that is not near. */
  until(instant: number): Promise<void>
}

/** Calls that are remembered, and for how long: clocks drift apart. */
const MOST_KEPT = 8
const KEPT_FOR_MS = 10_000

/** What is further away is not waited for here. */
const LONGEST_WAIT_MS = 20

/** Timers come up to so late, in ms (and up to one early). The rest is waited for turn by turn, in which everything else has its turn too, ... */
const TIMER_LATE_MS = 1.2
/** ... for at most this share of the time: it keeps a core busy. Where something is due all the time, timers will do. */
const TURNING_SHARE = 0.05

interface Observed {
  readonly sentAt: number
  readonly aheadMs: number
}

export function createServerClock(): ServerClock {
  let observed: readonly Observed[] = []
  /** Until then timers will do. */
  let restsUntil = Number.NEGATIVE_INFINITY

  const aheadMs = (): number => {
    const since = monotonic() - KEPT_FOR_MS
    const fresh = observed.filter(({ sentAt }, index) => index === observed.length - 1 || sentAt >= since)
    return Math.min(...fresh.map((one) => one.aheadMs))
  }

  return {
    observe(sentAt, beganAt) {
      observed = [...observed.slice(1 - MOST_KEPT), { sentAt, aheadMs: beganAt - sentAt }]
    },
    async until(instant) {
      const sendAt = instant - aheadMs()
      const isNear = sendAt - monotonic() <= LONGEST_WAIT_MS
      if (!isNear) return
      const mayTurn = monotonic() >= restsUntil
      const timerMs = mayTurn ? Math.floor(sendAt - monotonic() - TIMER_LATE_MS) : Math.ceil(sendAt - monotonic())
      if (timerMs >= 1) await pause(timerMs)
      const from = monotonic()
      while (monotonic() < sendAt) await (mayTurn ? turn() : pause(1))
      if (mayTurn) restsUntil = monotonic() + (monotonic() - from) / TURNING_SHARE
    },
  }
}
