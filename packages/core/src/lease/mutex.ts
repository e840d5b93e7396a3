/** A named mutex over all processes: fair to waiters, fenced, and honest about losing it. */
import { checkNames } from '../errors/check-call.ts'
import { LeaseLostError } from '../errors/run-errors.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { requireNode } from '../errors/require-node.ts'
import { shown } from '../errors/shown.ts'
import { isName } from '../job/job-options.ts'
import { createIds } from '../random/ids.ts'
import { systemRandom } from '../random/random.ts'
import type { AcquireReply } from '../store/leases.ts'
import { OPEN_DEADLINE_MS, reachStore } from '../store/reach-store.ts'
import type { Store } from '../store/store.ts'
import { systemClock, waitForHint, type Clock, type TimerHandle } from '../time/clock.ts'
import { parseDuration, type Duration } from '../time/duration.ts'
import { trustedUntil } from './trust.ts'

/** What the holder gets. */
export interface LockContext {
  /** Aborts when the lock can no longer be trusted, or the caller's own signal aborts. */
  readonly signal: AbortSignal
  /** Grows with every grant: guard your own writes with it. */
  readonly fence: number
  /** Confirms the lock now, for a full lease. Throws `LeaseLost` if it is gone. Renewals happen by themselves; this one is for a moment of truth. */
  extend(): Promise<void>
}

/** How to take the lock. */
export interface LockOptions {
  /** How long to wait for the lock; 0 tries once. Default: without limit. */
  readonly wait?: Duration
  /** Gives up waiting, or aborts the work. */
  readonly signal?: AbortSignal
}

/** A named lock over all processes that share the store. */
export interface Mutex {
  readonly name: string
  /**
   * Runs `work` while holding the mutex. Waiters are served first come, first served. Throws
   * `MutexTimedOut` when `wait` passed, `LeaseLost` when the lock was lost before `work` ended,
   * `StoreTimedOut` or `StoreUnavailable` when the store cannot be reached.
   * Not re-entrant: the same name inside itself waits for itself.
   */
  withLock<T>(work: (lock: LockContext) => T | Promise<T>, options?: LockOptions): Promise<T>
}

/** Options of {@link createMutex}. */
export interface MutexOptions {
  /** Default `'30s'`, at least `'1s'`; renewed three times as often. */
  readonly lease?: Duration
  /** For tests. */
  readonly clock?: Clock
  readonly random?: () => number
}

/** How often a waiter asks without a hint. */
const SLOWEST_ASK_MS = 1_000

/** Deadline of one call to the store; never more than half of the lease. */
const LONGEST_CALL_MS = 5_000

/** A mutex on `store`. It shares its name with the `mutex` of jobs on the same store: they exclude each other. Throws `InvalidName` or `InvalidOption`. */
export function createMutex(store: Store, name: string, options: MutexOptions = {}): Mutex {
  requireNode()
  if (typeof store !== 'object' || store === null || !('leases' in store)) {
    throw new QuarterjackError('InvalidOption', `createMutex: ${shown(store)} is not a store. Write createMutex(store, name).`)
  }
  if (!isName(name)) {
    throw new QuarterjackError(
      'InvalidName',
      `createMutex: name ${shown(name)} is not valid: use 1 to 128 letters, digits, ".", "_", ":" or "-".`,
    )
  }
  checkNames(options, ['lease', 'clock', 'random'], 'createMutex')
  const clock = options.clock ?? systemClock
  const leaseMs = parseDuration(options.lease ?? '30s', 'createMutex: lease', 1_000)
  const nextId = createIds(clock.now, options.random ?? systemRandom)
  let seenFence = 0

  const call = createCall(store, name, clock, leaseMs)
  let opened: Promise<void> | null = null

  /** A store that is open answers with the very promise that it answered with before. */
  const open = async (): Promise<void> => {
    const opening = store.open()
    if (opening === opened) return
    await reachStore(() => opening, { clock, deadlineMs: OPEN_DEADLINE_MS, store: store.name, verb: `mutex "${name}"` })
    opened = opening
  }

  const bid = async (holder: string, queue: boolean): Promise<Answer> => {
    const askedAt = clock.monotonic()
    const { replies } = await call(store.leases.acquire({ bids: [{ name, holder, leaseMs, queue, seenFence }] }))
    const reply = replies[0] as AcquireReply
    if (reply.granted) seenFence = Math.max(seenFence, reply.fence)
    return { reply, trusted: trustedUntil(askedAt, leaseMs) }
  }

  const acquire = async (holder: string, wait: Duration | undefined, signal: AbortSignal | undefined): Promise<Grant> => {
    const until = wait === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + parseDuration(wait, 'withLock: wait')
    const hints = listen(store, name)
    try {
      for (;;) {
        signal?.throwIfAborted()
        const hint = hints.next()
        const queue = until > clock.monotonic()
        const { reply, trusted } = await bid(holder, queue)
        if (reply.granted) {
          // Who gave up meanwhile does not want it any more.
          signal?.throwIfAborted()
          if (clock.monotonic() < trusted) return { fence: reply.fence, trusted }
          // Granted so long ago that it may be over already: asked again, which prolongs it or takes a new turn.
          continue
        }
        const left = until - clock.monotonic()
        if (left <= 0)
          throw new QuarterjackError(
            'MutexTimedOut',
            `mutex "${name}" was not free within ${String(wait)}; ${reply.ahead} waiters stood ahead. Wait longer, or let go sooner.`,
          )
        const untilRetry = Math.max(1, reply.retryAt - reply.storeNow)
        await waitForHint(clock, Math.min(untilRetry, left, SLOWEST_ASK_MS, leaseMs / 3), hint, signal)
      }
    } catch (error) {
      await call(store.leases.withdraw({ bids: [{ name, holder }] })).catch(() => undefined)
      throw error
    } finally {
      hints.close()
    }
  }

  return Object.freeze({
    name,
    async withLock<T>(work: (lock: LockContext) => T | Promise<T>, lockOptions: LockOptions = {}): Promise<T> {
      if (typeof work !== 'function') {
        throw new QuarterjackError('InvalidOption', `withLock: ${shown(work)} is not a function. Write withLock(async (lock) => {}).`)
      }
      checkNames(lockOptions, ['wait', 'signal'], 'withLock')
      await open()
      const holder = nextId()
      const grant = await acquire(holder, lockOptions.wait, lockOptions.signal)
      const held = hold({
        store,
        call,
        name,
        holder,
        fence: grant.fence,
        leaseMs,
        clock,
        trusted: grant.trusted,
        outer: lockOptions.signal,
      })
      try {
        const result = await work(held.lock)
        if (held.lost()) throw new LeaseLostError(`mutex "${name}"`)
        return result
      } finally {
        held.end()
        await call(store.leases.release({ leases: [{ name, holder, fence: grant.fence }] })).catch(() => undefined)
      }
    },
  })
}

interface Answer {
  readonly reply: AcquireReply
  readonly trusted: number
}

/** Every call to the store has a deadline: one that never answers must hold nobody up. What fails has a code. */
type Call = <T>(answer: Promise<T>) => Promise<T>

function createCall(store: Store, name: string, clock: Clock, leaseMs: number): Call {
  const deadlineMs = Math.min(LONGEST_CALL_MS, leaseMs / 2)
  return (answer) => reachStore(() => answer, { clock, deadlineMs, store: store.name, verb: `mutex "${name}"` })
}

interface Grant {
  readonly fence: number
  readonly trusted: number
}

interface Held {
  readonly lock: LockContext
  lost(): boolean
  end(): void
}

/** Keeps a granted lock: renews it, and aborts the signal when it is lost or trust runs out. */
function hold(lock: {
  readonly store: Store
  readonly call: Call
  readonly name: string
  readonly holder: string
  readonly fence: number
  readonly leaseMs: number
  readonly clock: Clock
  readonly trusted: number
  readonly outer: AbortSignal | undefined
}): Held {
  const { store, call, name, holder, fence, leaseMs, clock } = lock
  /** Made when somebody looks at it: few do. */
  let controller: AbortController | null = null
  let reason: unknown
  let trusted = lock.trusted
  let lost = false
  let ended = false
  let renewTimer: TimerHandle | null = null
  let trustTimer: TimerHandle | null = null

  const lose = (): void => {
    if (ended) return
    lost = true
    stopTimers()
    abort(new LeaseLostError(`mutex "${name}"`))
  }

  const abort = (why: unknown): void => {
    reason ??= why
    controller?.abort(reason)
  }

  const renew = async (): Promise<void> => {
    const askedAt = clock.monotonic()
    const { renewed } = await call(store.leases.renew({ leases: [{ name, holder, fence, leaseMs }] }))
    if (ended) return
    if (renewed[0] !== true) return lose()
    trusted = Math.max(trusted, trustedUntil(askedAt, leaseMs))
    watchTrust()
  }

  const watchTrust = (): void => {
    if (trustTimer !== null) clock.clearTimer(trustTimer)
    trustTimer = clock.setTimer(() => (clock.monotonic() >= trusted ? lose() : watchTrust()), trusted - clock.monotonic())
  }

  const armRenewal = (delayMs: number): void => {
    renewTimer = clock.setTimer(() => {
      // After a freeze everything is due at once: the holder is told before anybody is asked.
      if (clock.monotonic() >= trusted) return lose()
      if (trustTimer === null) watchTrust()
      const next = (ms: number) => (): void => {
        if (!ended && !lost) armRenewal(ms)
      }
      // A failed renewal is tried again sooner; trust alone decides when it is too late.
      renew().then(next(leaseMs / 3), next(Math.min(leaseMs / 10, 1_000)))
    }, delayMs)
  }

  const stopTimers = (): void => {
    if (renewTimer !== null) clock.clearTimer(renewTimer)
    if (trustTimer !== null) clock.clearTimer(trustTimer)
  }

  const onOuterAbort = (): void => abort(lock.outer?.reason)
  lock.outer?.addEventListener('abort', onOuterAbort, { once: true })
  // The first renewal comes before the end of trust, which is watched from then on; unless the grant took long to arrive.
  if (trusted <= clock.monotonic() + leaseMs / 3) watchTrust()
  armRenewal(leaseMs / 3)

  return {
    lock: {
      get signal() {
        if (controller === null) {
          controller = new AbortController()
          if (reason !== undefined) controller.abort(reason)
        }
        return controller.signal
      },
      fence,
      async extend() {
        await renew()
        if (lost) throw new LeaseLostError(`mutex "${name}"`)
      },
    },
    // Work that ends past its trust may have had company, whether or not a timer has told so.
    lost: () => lost || clock.monotonic() >= trusted,
    end() {
      ended = true
      stopTimers()
      lock.outer?.removeEventListener('abort', onOuterAbort)
    },
  }
}

/** Hints that the mutex was released. */
function listen(store: Store, name: string): { next(): Promise<void>; close(): void } {
  let wake: () => void = () => undefined
  const close = store.watch((hint) => {
    if (hint.kind === 'lease' && hint.name === name) wake()
  })
  return {
    next: () =>
      new Promise((resolve) => {
        wake = resolve
      }),
    close,
  }
}
