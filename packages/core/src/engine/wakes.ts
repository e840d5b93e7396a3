/** The earliest instants at which the store may have work, as its replies told. Store time. */
import type { Tick } from '../store/tick.ts'

export interface Wakes {
  readonly dueAt: number | null
  readonly runAt: number | null
  readonly expiryAt: number | null
  /** The earlier one of `dueAt` and `runAt`. */
  readonly earliest: number | null
  /**
   * Takes the news of a reply in; absent fields change nothing. An earlier instant is always
   * believed. A later one only from a call that was asked after the earlier one was learned:
   * replies may overtake each other, and an old one must not put new work off.
   */
  absorb(tick: Tick, asked: Ask): void
  /** To be taken before a call that a reply of is absorbed. */
  ask(): Ask
  /** Work may be there now: someone hinted, or nobody knows. */
  stir(): void
  /** Runs may be there now. */
  stirRuns(): void
}

/** The place of a call among all calls and news. */
export type Ask = number

export function createWakes(): Wakes {
  let order = 0
  const due = createWake()
  const run = createWake()
  const expiry = createWake()
  return {
    get dueAt() {
      return due.at
    },
    get runAt() {
      return run.at
    },
    get expiryAt() {
      return expiry.at
    },
    get earliest() {
      if (due.at === null || run.at === null) return due.at ?? run.at
      return Math.min(due.at, run.at)
    },
    ask: () => ++order,
    absorb(tick, asked) {
      learn(due, tick.nextDueAt, asked, ++order)
      learn(run, tick.nextRunAt, asked, order)
      learn(expiry, tick.nextExpiryAt, asked, order)
    },
    stir() {
      learn(due, Number.NEGATIVE_INFINITY, 0, ++order)
      learn(run, Number.NEGATIVE_INFINITY, 0, order)
    },
    stirRuns() {
      learn(run, Number.NEGATIVE_INFINITY, 0, ++order)
    },
  }
}

interface Wake {
  at: number | null
  learned: number
}

function createWake(): Wake {
  return { at: null, learned: 0 }
}

function learn(wake: Wake, at: number | null | undefined, asked: Ask, order: number): void {
  if (at === undefined) return
  const earlier = at !== null && (wake.at === null || at <= wake.at)
  if (!earlier && asked < wake.learned) return
  wake.at = at
  wake.learned = order
}
