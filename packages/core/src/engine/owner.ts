/** This process as the store knows it: an id that is new with every start, and how long to trust its lease. */
import { trustedUntil } from '../lease/trust.ts'
import type { Clock } from '../time/clock.ts'

export interface Owner {
  /** UUID; changes when the store declared the former one dead. */
  readonly id: string
  /** Monotonic instant; 0 before the first confirmed renewal. */
  readonly trustedUntil: number
  readonly trusted: boolean
  /** The store confirmed a lease of `leaseMs` in a call that started at this monotonic instant. */
  confirm(owner: string, startedAt: number, leaseMs: number): void
  /** The lease is gone: nothing is trusted until a new id is confirmed. Returns the former id. */
  replace(): string
}

export function createOwner(clock: Clock, nextId: () => string): Owner {
  let id = nextId()
  let until = 0
  return {
    get id() {
      return id
    },
    get trustedUntil() {
      return until
    },
    get trusted() {
      return clock.monotonic() < until
    },
    confirm(owner, startedAt, leaseMs) {
      if (owner === id) until = Math.max(until, trustedUntil(startedAt, leaseMs))
    },
    replace() {
      const former = id
      id = nextId()
      until = 0
      return former
    },
  }
}
