/** A named mutex over all processes: fair to waiters, fenced, and honest about losing it. */
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { requireNode } from '../errors/require-node.ts'
import { shown } from '../errors/shown.ts'
import { isName } from '../job/job-options.ts'
import { createIds } from '../random/ids.ts'
import { systemRandom } from '../random/random.ts'
import type { AcquireReply } from '../store/leases.ts'
import { OPEN_DEADLINE_MS, reachStore, type StoreCall } from '../store/reach-store.ts'
import type { Store } from '../store/store.ts'
import { systemClock, waitForHint, type Clock } from '../time/clock.ts'
import { parseDuration, type Duration } from '../time/duration.ts'
import { beginHold, endHold, extend, type Hold, type HoldDeps, requireHeld, signalOf } from './hold.ts'
import { listenFor } from './lease-hints.ts'
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

  const verb = `mutex "${name}"`
  const within: StoreCall = { clock, deadlineMs: Math.min(LONGEST_CALL_MS, leaseMs / 2), store: store.name, verb }
  const holding: HoldDeps = {
    leaseMs,
    clock,
    renew: async (lease) => {
      const { renewed } = await reachStore(() => store.leases.renew({ leases: [{ ...lease, leaseMs }] }), within)
      return renewed[0] === true
    },
  }
  let opened: Promise<void> | null = null

  const open = async (opening: Promise<void>): Promise<void> => {
    await reachStore(() => opening, { ...within, deadlineMs: OPEN_DEADLINE_MS })
    opened = opening
  }

  const acquire = async (holder: string, wait: Duration | undefined, signal: AbortSignal | undefined): Promise<Grant> => {
    const until = wait === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + parseDuration(wait, 'withLock: wait')
    const ear = listenFor(store, name)
    try {
      for (;;) {
        signal?.throwIfAborted()
        ear.reset()
        const askedAt = clock.monotonic()
        const bid = { name, holder, leaseMs, queue: until > askedAt, seenFence }
        const { replies } = await reachStore(() => store.leases.acquire({ bids: [bid] }), within)
        const reply = replies[0] as AcquireReply
        if (reply.granted) {
          seenFence = Math.max(seenFence, reply.fence)
          const trusted = trustedUntil(askedAt, leaseMs)
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
        await waitForHint(clock, Math.min(untilRetry, left, SLOWEST_ASK_MS, leaseMs / 3), ear.heard(), signal)
      }
    } catch (error) {
      await reachStore(() => store.leases.withdraw({ bids: [{ name, holder }] }), within).catch(() => undefined)
      throw error
    } finally {
      ear.close()
    }
  }

  return Object.freeze({
    name,
    async withLock<T>(work: (lock: LockContext) => T | Promise<T>, lockOptions?: LockOptions): Promise<T> {
      if (typeof work !== 'function') {
        throw new QuarterjackError('InvalidOption', `withLock: ${shown(work)} is not a function. Write withLock(async (lock) => {}).`)
      }
      checkNames(lockOptions, ['wait', 'signal'], 'withLock')
      // A store that is open answers with the very promise that it answered with before.
      const opening = store.open()
      if (opening !== opened) await open(opening)
      const holder = nextId()
      const outer = lockOptions?.signal
      const { fence, trusted } = await acquire(holder, lockOptions?.wait, outer)
      const lease = { name, holder, fence }
      const hold = beginHold(holding, lease, { trusted, outer })
      try {
        const result = await work(lockOf(hold, fence))
        requireHeld(hold)
        return result
      } finally {
        endHold(hold)
        await reachStore(() => store.leases.release({ leases: [lease] }), within).catch(() => undefined)
      }
    },
  })
}

function lockOf(hold: Hold, fence: number): LockContext {
  return {
    get signal() {
      return signalOf(hold)
    },
    fence,
    extend: () => extend(hold),
  }
}

interface Grant {
  readonly fence: number
  readonly trusted: number
}
