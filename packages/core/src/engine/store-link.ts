/** The engine's line to its store: every call has a deadline, is measured, and feeds the store clock. */
import { toStoredError } from '../observe/stored-error.ts'
import { createSampleRing, type SampleRing } from '../observe/sample-ring.ts'
import type { Emitter } from '../observe/emitter.ts'
import { isTransient, OPEN_DEADLINE_MS, reachStore } from '../store/reach-store.ts'
import type { Store } from '../store/store.ts'
import type { Tick } from '../store/tick.ts'
import type { Clock } from '../time/clock.ts'
import { MAX_BACKOFF_MS } from './retry-store.ts'
import { createStoreClock, type StoreClock } from './store-clock.ts'

export interface StoreLink {
  readonly store: Store
  readonly clock: StoreClock
  /** Of one call. */
  readonly deadlineMs: number
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
  /** Monotonic ms since the first failure of what still fails; 0 when nothing does. */
  readonly failingForMs: number
}

/**
 * Writes that the engine repeats until they succeed. That another call succeeds does not speak for them: a server that
 * became read-only, or whose disk is full, goes on answering reads.
 */
const REPEATED: ReadonlySet<string> = new Set(['runs.renew', 'schedules.fire', 'runs.claim', 'runs.settle'])

/** One that is not asked for again, because there is nothing to do any more, is forgotten after this long. */
const FAILURE_MEMORY_MS = 2 * MAX_BACKOFF_MS

interface Failure {
  /** Monotonic. */
  readonly lastAt: number
  readonly message: string
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
  const failures = new Map<string, Failure>()
  let failingSince: number | null = null
  let listener: TickListener | null = null
  let lastAnswerAt = 0

  const forgetFailures = (verb: string): void => {
    const now = clock.monotonic()
    for (const [failed, { lastAt }] of failures) {
      if (failed === verb || !REPEATED.has(failed) || now - lastAt > FAILURE_MEMORY_MS) failures.delete(failed)
    }
    if (failures.size > 0 || failingSince === null) return
    emitter.emit('store.recovered', { afterMs: Math.round(now - failingSince) })
    failingSince = null
  }

  const succeeded = (verb: string, askedAt: number, reply: object, isOpening: boolean): void => {
    const answeredAt = clock.monotonic()
    lastAnswerAt = answeredAt
    if (!isOpening) latency.add(answeredAt - askedAt)
    forgetFailures(verb)
    if (!hasTick(reply)) return
    const byMs = storeClock.observe(askedAt, answeredAt, reply.storeNow)
    if (byMs > 0) emitter.emit('clock.backward', { byMs })
  }

  const failed = (verb: string, error: unknown): void => {
    if (!isTransient(error)) return
    const now = clock.monotonic()
    failingSince ??= now
    // Anew, so that the newest stands last.
    failures.delete(verb)
    failures.set(verb, { lastAt: now, message: error.message })
    emitter.emit('store.failed', { verb, error: toStoredError(error), retryInMs: 0 })
  }

  return {
    store,
    clock: storeClock,
    deadlineMs,
    async call(verb, run) {
      const askedAt = clock.monotonic()
      const asked = listener?.before() ?? 0
      try {
        const isOpening = verb === 'open'
        const reply = await reachStore(() => run(store), {
          clock,
          deadlineMs: isOpening ? OPEN_DEADLINE_MS : deadlineMs,
          store: store.name,
          verb,
        })
        succeeded(verb, askedAt, reply, isOpening)
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
      error: [...failures.values()].at(-1)?.message ?? null,
      failingForMs: failingSince === null ? 0 : Math.round(clock.monotonic() - failingSince),
    }),
  }
}

function hasTick(reply: object): reply is Tick {
  return typeof (reply as Partial<Tick>).storeNow === 'number'
}
