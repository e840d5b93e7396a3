/** The store's time as this process knows it: the last reading plus monotonic time since. */
import type { Clock } from '../time/clock.ts'

export interface StoreClock {
  /** Takes a reading in: the reply said `storeNow`, asked between these monotonic instants. Returns how far the store's clock went back, in ms, or 0. */
  observe(askedAt: number, answeredAt: number, storeNow: number): number
  /** Estimate of the store's now, epoch ms. */
  now(): number
  /** The newest reading: never ahead of the store's now, so safe as an `asOf`. */
  lastReading(): number
  /** Store clock minus this process's wall clock; null before the first reading. */
  offsetMs(): number | null
  /** The monotonic instant of a store instant. */
  monotonicOf(storeAt: number): number
}

/** A step back smaller than this is the jitter of round trips. */
const NOTICEABLE_MS = 250

export function createStoreClock(clock: Clock): StoreClock {
  let difference = clock.now() - clock.monotonic()
  let uncertainty = Number.POSITIVE_INFINITY
  let readAt = 0
  let reading: number | null = null
  return {
    observe(askedAt, answeredAt, storeNow): number {
      const roundTrip = answeredAt - askedAt
      const measured = storeNow - (askedAt + roundTrip / 2)
      const back = reading === null ? 0 : reading + (askedAt - readAt) - storeNow
      // A short round trip knows better; an old reading is worth less as clocks drift (100 ppm).
      const aged = uncertainty + (answeredAt - readAt) * 1e-4
      if (roundTrip / 2 <= aged || Math.abs(measured - difference) > aged + roundTrip / 2) {
        difference = measured
        uncertainty = roundTrip / 2
      }
      if (reading === null || answeredAt >= readAt) {
        reading = storeNow
        readAt = answeredAt
      }
      return back > NOTICEABLE_MS + roundTrip ? Math.round(back) : 0
    },
    now: () => clock.monotonic() + difference,
    lastReading: () => reading ?? clock.now(),
    offsetMs: () => (reading === null ? null : Math.round(clock.monotonic() + difference - clock.now())),
    monotonicOf: (storeAt) => storeAt - difference,
  }
}
