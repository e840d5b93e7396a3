/** A lock that was granted: renewed while it is held, and honest about losing it. */
import { LeaseLostError } from '../errors/run-errors.ts'
import type { HeldLease } from '../store/leases.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { type LineTimer, type TimerLine, timerLine } from '../time/timer-line.ts'
import { trustedUntil } from './trust.ts'

/** What all locks of one mutex have in common. */
export interface HoldDeps {
  readonly name: string
  readonly leaseMs: number
  readonly clock: Clock
  /** Prolongs the lease in the store; false where it ended or passed on. */
  readonly renew: (lease: HeldLease) => Promise<boolean>
}

/**
 * Renews the lease, and aborts the signal when it is lost or trust runs out. A class, since one is made for every lock that is
 * taken: a dozen closures each would be most of what taking it costs this process.
 */
export class Hold {
  readonly #deps: HoldDeps
  readonly #lease: HeldLease
  readonly #outer: AbortSignal | undefined
  /** Made when somebody looks at it: few do. */
  #controller: AbortController | null = null
  #reason: unknown
  #trusted: number
  #isLost = false
  #isOver = false
  #renewal: { readonly line: TimerLine; readonly timer: LineTimer } | null = null
  #trustTimer: TimerHandle | null = null
  #onOuterAbort: (() => void) | null = null

  /** `trusted` is until when the grant may be believed in. */
  constructor(deps: HoldDeps, lease: HeldLease, { trusted, outer }: { readonly trusted: number; readonly outer: AbortSignal | undefined }) {
    this.#deps = deps
    this.#lease = lease
    this.#trusted = trusted
    this.#outer = outer
    if (outer !== undefined) {
      this.#onOuterAbort = () => this.#abort(outer.reason)
      outer.addEventListener('abort', this.#onOuterAbort, { once: true })
    }
    // The first renewal comes before the end of trust, which is watched from then on; unless the grant took long to arrive.
    if (trusted <= deps.clock.monotonic() + deps.leaseMs / 3) this.#watchTrust()
    this.#armRenewal(deps.leaseMs / 3)
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Work that ends past its trust may have had company, whether or not a timer has told so. */
  get isLost(): boolean {
    return this.#isLost || this.#deps.clock.monotonic() >= this.#trusted
  }

  /** What is thrown when it is lost. */
  get loss(): LeaseLostError {
    return new LeaseLostError(`mutex "${this.#deps.name}"`)
  }

  /** Confirms the lock now. Throws `LeaseLost` if it is gone. */
  async extend(): Promise<void> {
    await this.#renew()
    if (this.#isLost) throw this.loss
  }

  /** The work is over: nobody is told any more. */
  end(): void {
    this.#isOver = true
    this.#stopTimers()
    if (this.#onOuterAbort !== null) this.#outer?.removeEventListener('abort', this.#onOuterAbort)
  }

  #lose(): void {
    if (this.#isOver) return
    this.#isLost = true
    this.#stopTimers()
    this.#abort(this.loss)
  }

  #abort(why: unknown): void {
    this.#reason ??= why
    this.#controller?.abort(this.#reason)
  }

  async #renew(): Promise<void> {
    const askedAt = this.#deps.clock.monotonic()
    const isRenewed = await this.#deps.renew(this.#lease)
    if (this.#isOver) return
    if (!isRenewed) return this.#lose()
    this.#trusted = Math.max(this.#trusted, trustedUntil(askedAt, this.#deps.leaseMs))
    this.#watchTrust()
  }

  #watchTrust(): void {
    const { clock } = this.#deps
    if (this.#trustTimer !== null) clock.clearTimer(this.#trustTimer)
    this.#trustTimer = clock.setTimer(
      () => (clock.monotonic() >= this.#trusted ? this.#lose() : this.#watchTrust()),
      this.#trusted - clock.monotonic(),
    )
  }

  #armRenewal(delayMs: number): void {
    const { clock, leaseMs } = this.#deps
    const line = timerLine(clock, delayMs)
    const timer = line.set(() => {
      // After a freeze everything is due at once: the holder is told before anybody is asked.
      if (clock.monotonic() >= this.#trusted) return this.#lose()
      if (this.#trustTimer === null) this.#watchTrust()
      const next = (ms: number) => (): void => {
        if (!this.#isOver && !this.#isLost) this.#armRenewal(ms)
      }
      // A failed renewal is tried again sooner; trust alone decides when it is too late.
      this.#renew().then(next(leaseMs / 3), next(Math.min(leaseMs / 10, 1_000)))
    })
    this.#renewal = { line, timer }
  }

  #stopTimers(): void {
    const { clock } = this.#deps
    this.#renewal?.line.clear(this.#renewal.timer)
    if (this.#trustTimer !== null) clock.clearTimer(this.#trustTimer)
  }
}
