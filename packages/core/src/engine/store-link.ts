/** The engine's line to its store: every call has a deadline, is measured, and feeds the store clock. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { toStoredError } from '../observe/stored-error.ts'
import { createSampleRing, type SampleRing } from '../observe/sample-ring.ts'
import type { Emitter } from '../observe/emitter.ts'
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

  const succeeded = (askedAt: number, reply: object): void => {
    const answeredAt = clock.monotonic()
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

  const failed = (verb: string, error: unknown): QuarterjackError => {
    const refusal = asRefusal(error)
    if (refusal !== null) return refusal
    failingSince ??= clock.monotonic()
    const wrapped = QuarterjackError.isInstance(error)
      ? error
      : new QuarterjackError('StoreUnavailable', `store "${store.name}": ${verb} failed: ${messageOf(error)}`, { cause: error })
    lastError = wrapped.message
    emitter.emit('store.failed', { verb, error: toStoredError(wrapped), retryInMs: 0 })
    return wrapped
  }

  return {
    store,
    clock: storeClock,
    async call(verb, run) {
      const askedAt = clock.monotonic()
      const asked = listener?.before() ?? 0
      try {
        const reply = await withDeadline(clock, deadlineMs, run(store), () => timedOut(store.name, verb, deadlineMs))
        succeeded(askedAt, reply)
        if (hasTick(reply)) listener?.after(reply, asked)
        return reply
      } catch (error) {
        throw failed(verb, error)
      }
    },
    onTick(given) {
      listener = given
    },
    facts: () => ({
      latency,
      clockOffsetMs: storeClock.offsetMs(),
      error: lastError,
      failingForMs: failingSince === null ? 0 : Math.round(clock.monotonic() - failingSince),
    }),
  }
}

/** True for errors after which the same call may succeed later. */
export function isTransient(error: unknown): boolean {
  return QuarterjackError.isInstance(error, 'StoreUnavailable') || QuarterjackError.isInstance(error, 'StoreTimedOut')
}

/** Errors of ours that say no, rather than that the store cannot be reached. */
function asRefusal(error: unknown): QuarterjackError | null {
  return QuarterjackError.isInstance(error) && !isTransient(error) ? error : null
}

function hasTick(reply: object): reply is Tick {
  return typeof (reply as Partial<Tick>).storeNow === 'number'
}

function withDeadline<T>(clock: Clock, ms: number, promise: Promise<T>, makeError: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => reject(makeError()), ms)
    promise.then(
      (value) => {
        clock.clearTimer(timer)
        resolve(value)
      },
      (error: unknown) => {
        clock.clearTimer(timer)
        reject(error)
      },
    )
  })
}

function timedOut(store: string, verb: string, ms: number): QuarterjackError {
  return new QuarterjackError('StoreTimedOut', `store "${store}": ${verb} did not answer within ${ms} ms. It may still have taken effect.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
