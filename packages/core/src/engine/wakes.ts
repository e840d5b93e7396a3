/** The earliest instants at which the store may have work, as its replies told. Store time. */
import type { Tick } from '../store/tick.ts'

export interface Wakes {
  readonly dueAt: number | null
  readonly runAt: number | null
  readonly expiryAt: number | null
  /** Takes the news of a reply in; absent fields change nothing. */
  absorb(tick: Tick): void
  /** Work may be there now: someone hinted, or nobody knows. */
  stir(): void
}

export function createWakes(): Wakes {
  let dueAt: number | null = null
  let runAt: number | null = null
  let expiryAt: number | null = null
  return {
    get dueAt() {
      return dueAt
    },
    get runAt() {
      return runAt
    },
    get expiryAt() {
      return expiryAt
    },
    absorb(tick) {
      if (tick.nextDueAt !== undefined) dueAt = tick.nextDueAt
      if (tick.nextRunAt !== undefined) runAt = tick.nextRunAt
      if (tick.nextExpiryAt !== undefined) expiryAt = tick.nextExpiryAt
    },
    stir() {
      dueAt = Number.NEGATIVE_INFINITY
      runAt = Number.NEGATIVE_INFINITY
    },
  }
}
