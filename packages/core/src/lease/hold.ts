/** A lock that was granted: renewed while it is held, and honest about losing it. */
import { LeaseLostError } from '../errors/run-errors.ts'
import type { HeldLease } from '../store/leases.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { type LineTimer, type TimerLine, timerLine } from '../time/timer-line.ts'
import { trustedUntil } from './trust.ts'

/** What all locks of one mutex have in common. */
export interface HoldDeps {
  readonly leaseMs: number
  readonly clock: Clock
  /** Prolongs the lease in the store; false where it ended or passed on. */
  readonly renew: (lease: HeldLease) => Promise<boolean>
}

/** One lock. Plain data and functions beside it: a dozen closures each would be most of what taking a lock costs this process. */
export interface Hold {
  readonly deps: HoldDeps
  readonly lease: HeldLease
  readonly outer: AbortSignal | undefined
  /** Made when somebody looks at it: few do. */
  controller: AbortController | null
  reason: unknown
  trusted: number
  isLost: boolean
  isOver: boolean
  renewalLine: TimerLine
  renewal: LineTimer | null
  trustTimer: TimerHandle | null
  onOuterAbort: (() => void) | null
}

/** Begins to renew the lease; aborts the signal when it is lost or trust runs out. `trusted` is until when the grant may be believed in. */
export function beginHold(deps: HoldDeps, lease: HeldLease, { trusted, outer }: Pick<Hold, 'trusted' | 'outer'>): Hold {
  const { clock, leaseMs } = deps
  const hold: Hold = {
    deps,
    lease,
    outer,
    controller: null,
    reason: undefined,
    trusted,
    isLost: false,
    isOver: false,
    renewalLine: timerLine(clock, leaseMs / 3),
    renewal: null,
    trustTimer: null,
    onOuterAbort: null,
  }
  if (outer !== undefined) {
    hold.onOuterAbort = () => abort(hold, outer.reason)
    outer.addEventListener('abort', hold.onOuterAbort, { once: true })
  }
  // The first renewal comes before the end of trust, which is watched from then on; unless the grant took long to arrive.
  if (trusted <= clock.monotonic() + leaseMs / 3) watchTrust(hold)
  armRenewal(hold, leaseMs / 3)
  return hold
}

/** The work is over: nobody is told any more. */
export function endHold(hold: Hold): void {
  hold.isOver = true
  stopTimers(hold)
  if (hold.onOuterAbort !== null) hold.outer?.removeEventListener('abort', hold.onOuterAbort)
}

export function signalOf(hold: Hold): AbortSignal {
  if (hold.controller === null) {
    hold.controller = new AbortController()
    if (hold.reason !== undefined) hold.controller.abort(hold.reason)
  }
  return hold.controller.signal
}

/** Confirms the lock now. Throws `LeaseLost` if it is gone. */
export async function extend(hold: Hold): Promise<void> {
  await renew(hold)
  if (hold.isLost) throw lossOf(hold)
}

/** Throws `LeaseLost` if it is. Work that ends past its trust may have had company, whether or not a timer has told so. */
export function requireHeld(hold: Hold): void {
  if (hold.isLost || hold.deps.clock.monotonic() >= hold.trusted) throw lossOf(hold)
}

function lossOf({ lease }: Hold): LeaseLostError {
  return new LeaseLostError(`mutex "${lease.name}"`)
}

function lose(hold: Hold): void {
  if (hold.isOver) return
  hold.isLost = true
  stopTimers(hold)
  abort(hold, lossOf(hold))
}

function abort(hold: Hold, why: unknown): void {
  hold.reason ??= why
  hold.controller?.abort(hold.reason)
}

async function renew(hold: Hold): Promise<void> {
  const { clock, leaseMs } = hold.deps
  const askedAt = clock.monotonic()
  const isRenewed = await hold.deps.renew(hold.lease)
  if (hold.isOver) return
  if (!isRenewed) return lose(hold)
  hold.trusted = Math.max(hold.trusted, trustedUntil(askedAt, leaseMs))
  watchTrust(hold)
}

function watchTrust(hold: Hold): void {
  const { clock } = hold.deps
  if (hold.trustTimer !== null) clock.clearTimer(hold.trustTimer)
  hold.trustTimer = clock.setTimer(
    () => (clock.monotonic() >= hold.trusted ? lose(hold) : watchTrust(hold)),
    hold.trusted - clock.monotonic(),
  )
}

function armRenewal(hold: Hold, delayMs: number): void {
  const { clock, leaseMs } = hold.deps
  hold.renewalLine = timerLine(clock, delayMs)
  hold.renewal = hold.renewalLine.set(() => {
    // After a freeze everything is due at once: the holder is told before anybody is asked.
    if (clock.monotonic() >= hold.trusted) return lose(hold)
    if (hold.trustTimer === null) watchTrust(hold)
    const next = (ms: number) => (): void => {
      if (!hold.isOver && !hold.isLost) armRenewal(hold, ms)
    }
    // A failed renewal is tried again sooner; trust alone decides when it is too late.
    renew(hold).then(next(leaseMs / 3), next(Math.min(leaseMs / 10, 1_000)))
  })
}

function stopTimers({ deps, renewalLine, renewal, trustTimer }: Hold): void {
  if (renewal !== null) renewalLine.clear(renewal)
  if (trustTimer !== null) deps.clock.clearTimer(trustTimer)
}
