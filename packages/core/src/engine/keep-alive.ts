/** One renewal for the whole process: presence, progress, cancels, takeover of the dead (engine rules 13, 17, 20, 28). */
import { LeaseLostError } from '../errors/run-errors.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Emitter } from '../observe/emitter.ts'
import type { Logger } from '../observe/logger.ts'
import type { RenewReply, StoreLoss } from '../store/runs.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { drop, type AdoptDeps } from './adopt.ts'
import { describe } from './run-events.ts'
import type { Execution, Holdings } from './holdings.ts'
import { createOrphans } from './orphans.ts'
import type { Owner } from './owner.ts'
import { storeBackoff } from './retry-store.ts'
import type { StoreLink } from './store-link.ts'
import type { Wakes } from './wakes.ts'

/** The longest time between two looks at the store. */
export const SLOW_POLL_MS = 30_000

/** A run held ready for longer than this is given back to others. */
const READY_LIMIT_MS = 2_000

/** The store learns within this that a run which was held ready has begun: until then its crash counts neither as one nor as an attempt. */
const TELL_START_MS = 1_000

export interface KeepAliveDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly link: StoreLink
  readonly owner: Owner
  readonly leaseMs: number
  readonly holdings: Holdings
  readonly wakes: Wakes
  readonly emitter: Emitter
  readonly logger: Logger
  readonly giveBack: Pick<AdoptDeps, 'holdings' | 'settler' | 'logger'>
  /** The jobs this process declares. */
  readonly declares: () => readonly { readonly job: string; readonly hash: string }[]
  /** The store lost writes: what was declared must be declared again. */
  readonly onLost: (loss: StoreLoss) => void
  /** The store was written to, or may have been, by more than renewals. */
  readonly onChange: () => void
  /** New wakes are known. */
  readonly onNews: () => void
  readonly onLag: (ms: number) => void
}

export interface KeepAlive {
  /** Renews now; `failed` when the store did not answer. Concurrent calls share one renewal. */
  renew(): Promise<'live' | 'failed'>
  /** Renews, and not with a renewal that was asked before: there is something new to learn. */
  renewAfresh(): Promise<'live' | 'failed'>
  /** Renews now, or throws what the store said. */
  renewOrThrow(): Promise<void>
  /** What this process declares has changed: it is told at once. */
  redeclare(): Promise<void>
  /** Begins to renew by itself. */
  start(): void
  /** The lease is gone: aborts everything, takes a new id. */
  lose(): void
  /** Re-arms: something is held now, so renewals come more often. */
  touch(): void
  /** Re-arms: a run begins whose start the store does not know. */
  tellStart(): void
  /** Resolves when no renewal is under way; none follows. */
  stop(): Promise<void>
}

export function createKeepAlive(deps: KeepAliveDeps): KeepAlive {
  const { clock, link, owner, holdings, leaseMs } = deps
  const orphans = createOrphans(deps)
  let running = false
  let stopped = false
  let declared: string | null = null
  let survived: string | undefined
  /** As the store knows it. */
  let held = 0
  let failures = 0
  let failure: unknown = null
  let renewing: Promise<'live' | 'failed'> | null = null
  let timer: TimerHandle | null = null
  let timerAt = 0
  let trustTimer: TimerHandle | null = null

  const attempt = async (): Promise<'live' | 'failed'> => {
    const id = owner.id
    const askedAt = clock.monotonic()
    const census = orphans.count()
    const jobs = declared === id ? undefined : deps.declares()
    // What has ended is about to be settled, which tells of its start as well.
    const starting = [...holdings.all()].filter((one) => !one.startKnown && (one.phase === 'started' || one.phase === 'stuck'))
    const sent = [...holdings.all()].flatMap((one) =>
      one.progress !== null && one.phase === 'started' ? { one, progress: one.progress } : [],
    )
    try {
      const reply = await link.call('runs.renew', (store) =>
        store.runs.renew({
          owner: id,
          leaseMs,
          // The store judges: a claim may land between this request and its arrival.
          idleMs: SLOW_POLL_MS,
          started: starting.map(refOf),
          progress: sent.map(({ one, progress }) => ({ ...refOf(one), progress })),
          jobs,
          survived,
        }),
      )
      failures = 0
      if (reply.status === 'dead' && id === owner.id) lose()
      if (reply.lost !== undefined) deps.onLost(reply.lost)
      // Whatever was said of a former owner: the present one has yet to be made known. Unless the process stops, and has left.
      if (id !== owner.id) return stopped ? 'failed' : await attempt()
      if (jobs !== undefined) declared = id
      survived = undefined
      owner.confirm(id, askedAt, leaseMs)
      for (const one of starting) one.startKnown = true
      for (const { one, progress } of sent) if (one.progress === progress) one.progress = null
      take(reply)
      void orphans.compare(census, reply.held)
      dropStale()
      return 'live'
    } catch (error) {
      failures++
      failure = error
      deps.logger.warn({ err: error }, 'a renewal failed; it is tried again')
      return 'failed'
    }
  }

  const take = (reply: RenewReply): void => {
    held = reply.held
    if (reply.still !== true) deps.onChange()
    for (const { runId, fence, reason } of reply.cancels) {
      holdings.get(runId, fence)?.abort.abort(new QuarterjackError('RunCancelled', reason))
    }
    for (const gone of reply.expired) deps.emitter.emit('owner.expired', gone)
  }

  /** Runs held ready that still have no permit would start sooner elsewhere. */
  const dropStale = (): void => {
    for (const one of [...holdings.all()]) {
      if (one.phase !== 'queued' || clock.monotonic() - one.claimedAt <= READY_LIMIT_MS) continue
      holdings.heldTooMany()
      void drop(one, deps.giveBack)
    }
  }

  const lose = (): void => {
    const former = owner.replace()
    survived = former
    abortAll(former)
  }

  const abortAll = (former: string): void => {
    let runs = 0
    for (const one of [...holdings.all()]) {
      if (one.owner !== former || one.abort.aborted) continue
      runs++
      one.abort.abort(new LeaseLostError(describe(one)))
      if (one.phase === 'queued') {
        one.dropped = true
        holdings.remove(one)
      }
    }
    if (runs > 0) deps.emitter.emit('lease.lost', { owner: former, runs })
  }

  const watchTrust = (): void => {
    if (trustTimer !== null) clock.clearTimer(trustTimer)
    const check = (): void => (owner.trusted ? watchTrust() : abortAll(owner.id))
    trustTimer = running && holdings.size > 0 ? clock.setTimer(check, owner.trustedUntil - clock.monotonic()) : null
  }

  const interval = (): number => {
    // Spread over processes, and over the instants at which schedules are due.
    if (holdings.size > 0 || held > 0) return Math.min(SLOW_POLL_MS, leaseMs / 3) * (0.9 + deps.random() * 0.1)
    // Idle: after one lease, since others may have died right after the last look.
    return Math.min(SLOW_POLL_MS, leaseMs)
  }

  const arm = (delayMs: number): void => {
    if (!running) return
    if (timer !== null) clock.clearTimer(timer)
    timerAt = clock.monotonic() + delayMs
    timer = clock.setTimer(() => {
      timer = null
      deps.onLag(Math.max(0, clock.monotonic() - timerAt))
      void renew()
    }, delayMs)
  }

  /** When another owner's lease ends, its runs are ours to take: look then. */
  const untilExpiry = (): number => {
    const { expiryAt } = deps.wakes
    if (expiryAt === null) return Number.POSITIVE_INFINITY
    const ms = link.clock.monotonicOf(expiryAt) - clock.monotonic() + 1
    // It was over when the store was last asked, and nobody took it: asking again at once would not help.
    return ms <= 0 ? 100 : Math.max(5, ms)
  }

  /** Until the next renewal, after one. A claim that came while the long lease of an idle process was given needs the short one. */
  const delay = (): number => {
    if (failures > 0) return Math.min(storeBackoff(failures, deps.random), leaseMs / 3)
    return Math.min(interval(), untilExpiry())
  }

  const renew = (): Promise<'live' | 'failed'> => {
    renewing ??= attempt().finally(() => {
      renewing = null
      arm(delay())
      watchTrust()
      if (running) deps.onNews()
    })
    return renewing
  }

  /** Unless it comes sooner anyway. One that is under way may have been asked before there was something new, so another follows. */
  const renewWithin = (ms: number): void => {
    if (renewing !== null) void renewing.then(() => renewWithin(ms))
    else if (timer !== null && timerAt - clock.monotonic() > ms) arm(ms)
  }

  return {
    renew,
    renewAfresh: () => (renewing === null ? renew() : renewing.then(renew)),
    async renewOrThrow() {
      stopped = false
      if ((await renew()) === 'failed') throw failure
    },
    lose,
    async redeclare() {
      await renewing
      declared = null
      if (!stopped) await renew()
    },
    start() {
      running = true
      // The first at any time, so that processes which started together spread.
      arm(Math.min(interval() * deps.random(), untilExpiry()))
    },
    touch() {
      watchTrust()
      renewWithin(leaseMs / 3)
    },
    tellStart: () => renewWithin(TELL_START_MS),
    async stop() {
      running = false
      stopped = true
      if (timer !== null) clock.clearTimer(timer)
      timer = null
      watchTrust()
      await renewing
    },
  }
}

function refOf({ record }: Execution): { runId: string; fence: number } {
  return { runId: record.id, fence: record.fence }
}
