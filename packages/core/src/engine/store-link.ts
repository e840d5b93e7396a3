/** The engine's line to its store: every call has a deadline, is measured, and feeds the store clock. */
import { toStoredError } from '../observe/stored-error.ts'
import { createSampleRing, type SampleRing } from '../observe/sample-ring.ts'
import type { Emitter } from '../observe/emitter.ts'
import { isTransient, reachStore } from '../store/reach-store.ts'
import type { Store } from '../store/store.ts'
import type { Tick } from '../store/tick.ts'
import type { Clock } from '../time/clock.ts'
import { createStoreClock, type StoreClock } from './store-clock.ts'

export interface StoreLink {
  readonly store: Store
  readonly clock: StoreClock
  /**
   * Calls the store. Throws `StoreTimedOut` after the deadline (the call may still take effect) or
   * `StoreUnavailable` with the cause; errors with another code of ours pass unchanged.
   */
  call<T extends object>(verb: string, run: (store: Store) => Promise<T>): Promise<T>
  /** Tells `listener` of every reply that carries the store's news. */
  onTick(listener: TickListener): void
  /** Monotonic instant of the last answer; 0 before the first. */
  readonly answeredAt: number
  /** What health shows. */
  facts(): StoreFacts
}

/** `before` runs when a call is asked; what it returns comes back with the reply. */
export interface TickListener {
  before(): number
  after(tick: Tick, asked: number): void
}

export interface StoreFacts {
  readonly latency: SampleRing
  readonly clockOffsetMs: number | null
  readonly error: string | null
  /** Monotonic ms since the first failure after the last success; 0 when the last call succeeded. */
  readonly failingForMs: number
}

export function createStoreLink(options: {
  readonly store: Store
  readonly clock: Clock
  readonly deadlineMs: number
  readonly emitter: Emitter
}): StoreLink {
  const { store, clock, deadlineMs, emitter } = options
  const storeClock = createStoreClock(clock)
  const latency = createSampleRing(200)
  let failingSince: number | null = null
  let lastError: string | null = null
  let listener: TickListener | null = null
  let lastAnswerAt = 0

  const succeeded = (askedAt: number, reply: object): void => {
    const answeredAt = clock.monotonic()
    lastAnswerAt = answeredAt
    latency.add(answeredAt - askedAt)
    if (failingSince !== null) {
      emitter.emit('store.recovered', { afterMs: Math.round(answeredAt - failingSince) })
      failingSince = null
      lastError = null
    }
    if (!hasTick(reply)) return
    const byMs = storeClock.observe(askedAt, answeredAt, reply.storeNow)
    if (byMs > 0) emitter.emit('clock.backward', { byMs })
  }

  const failed = (verb: string, error: unknown): void => {
    if (!isTransient(error)) return
    failingSince ??= clock.monotonic()
    lastError = error.message
    emitter.emit('store.failed', { verb, error: toStoredError(error), retryInMs: 0 })
  }

  return {
    store,
    clock: storeClock,
    async call(verb, run) {
      const askedAt = clock.monotonic()
      const asked = listener?.before() ?? 0
      try {
        const reply = await reachStore(() => run(store), { clock, deadlineMs, store: store.name, verb })
        succeeded(askedAt, reply)
        if (hasTick(reply)) listener?.after(reply, asked)
        return reply
      } catch (error) {
        failed(verb, error)
        throw error
      }
    },
    onTick(given) {
      listener = given
    },
    get answeredAt() {
      return lastAnswerAt
    },
    facts: () => ({
      latency,
      clockOffsetMs: storeClock.offsetMs(),
      error: lastError,
      failingForMs: failingSince === null ? 0 : Math.round(clock.monotonic() - failingSince),
    }),
  }
}

function hasTick(reply: object): reply is Tick {
  return typeof (reply as Partial<Tick>).storeNow === 'number'
}
