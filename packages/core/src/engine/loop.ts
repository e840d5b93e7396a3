/** One loop per process, one timer for the earliest known work. It never dies: errors only make it wait (engine rule 26). */
import type { Logger } from '../observe/logger.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { SLOW_POLL_MS } from './keep-alive.ts'
import type { LookAhead } from './look-ahead.ts'
import { storeBackoff } from './retry-store.ts'
import type { StoreClock } from './store-clock.ts'
import type { Wakes } from './wakes.ts'

/** Between batches, the event loop gets a turn after this long. */
const SLICE_MS = 10

export interface LoopDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly storeClock: StoreClock
  readonly wakes: Wakes
  readonly ahead: LookAhead
  readonly logger: Logger
  /** One round of firing or of looking ahead, or of claiming; answers how much it did. */
  readonly fire: () => Promise<number>
  readonly claim: () => Promise<number>
  /** There is room for more runs, and new ones may be trusted. */
  readonly canClaim: () => boolean
  readonly onLag: (ms: number) => void
}

export interface Loop {
  start(): void
  /** Looks again, now. */
  stir(): void
  /** The wakes changed: looks again if something is due, else sets the timer anew. */
  news(): void
  /** Resolves once the turn under way is over; none follows. */
  stop(): Promise<void>
  /** Resolves when no turn is under way. */
  settled(): Promise<void>
  /** Nothing is due that this process could do now. */
  idle(): boolean
  /** Monotonic instant of the last sign of life. */
  readonly turnedAt: number
}

export function createLoop(deps: LoopDeps): Loop {
  const { clock, wakes, storeClock } = deps
  let running = false
  let again = false
  let turning: Promise<void> | null = null
  let timer: TimerHandle | null = null
  let failures = 0
  let emptyRounds = 0
  let turnedAt = clock.monotonic()

  const isDue = (): boolean => wakes.dueAt !== null && wakes.dueAt <= storeClock.now()
  /** When to look or to fire: at the instant itself, or before. */
  const lookAt = (): number | null => (wakes.dueAt === null ? null : wakes.dueAt - deps.ahead.leadMs(wakes.dueAt))
  const isToLook = (): boolean => {
    const at = lookAt()
    return at !== null && at <= storeClock.now()
  }
  const isRunnable = (): boolean => wakes.runAt !== null && wakes.runAt <= storeClock.now() && deps.canClaim()

  const rounds = async (): Promise<void> => {
    let sliceAt = clock.monotonic()
    while (running && (isToLook() || isRunnable())) {
      let done = 0
      let failure: unknown = null
      turnedAt = clock.monotonic()
      if (isToLook()) {
        done += await deps.fire().catch((error: unknown) => {
          failure = error
          return 0
        })
      }
      // What is there to be claimed must not wait for a schedule that cannot be fired.
      if (running && isRunnable()) done += await deps.claim()
      if (failure !== null) throw failure
      // Where there still seems to be work, the store's clock is a little behind our estimate of it, or others are at it.
      emptyRounds = done === 0 && (isToLook() || isRunnable()) ? emptyRounds + 1 : 0
      if (done === 0) return
      // Claims alone end by themselves, when there is no more room; the next should be on its way before what was claimed begins.
      if (isDue() && clock.monotonic() - sliceAt > SLICE_MS) {
        await new Promise<void>((resolve) => clock.defer(resolve))
        sliceAt = clock.monotonic()
      }
    }
    emptyRounds = 0
  }

  const turn = async (): Promise<void> => {
    do {
      again = false
      turnedAt = clock.monotonic()
      try {
        await rounds()
        failures = 0
      } catch (error) {
        failures++
        deps.logger.warn({ err: error }, 'the store did not answer; work goes on when it does')
        again = false
      }
    } while (again && running)
  }

  const delay = (): number => {
    if (failures > 0) return storeBackoff(failures, deps.random)
    const now = clock.monotonic()
    const until = (at: number | null): number => (at === null ? SLOW_POLL_MS : storeClock.monotonicOf(at) - now)
    const soonest = Math.min(until(lookAt()), deps.canClaim() ? until(wakes.runAt) : SLOW_POLL_MS, SLOW_POLL_MS)
    const least = emptyRounds === 0 ? 0 : Math.min(2 ** (emptyRounds - 1), 1_000)
    return Math.max(soonest, least)
  }

  const arm = (): void => {
    if (timer !== null) clock.clearTimer(timer)
    timer = null
    if (!running) return
    const ms = delay()
    const expectedAt = clock.monotonic() + ms
    timer = clock.setTimer(() => {
      timer = null
      deps.onLag(Math.max(0, clock.monotonic() - expectedAt))
      go()
    }, ms)
  }

  const go = (): void => {
    if (!running) return
    if (turning !== null) {
      again = true
      return
    }
    turning = turn().finally(() => {
      turning = null
      arm()
    })
  }

  return {
    start() {
      running = true
      go()
    },
    stir: go,
    news() {
      // A turn under way sees the wakes by itself; a failing store is given its pause.
      if (!running || turning !== null || failures > 0) return
      if (isToLook() || isRunnable()) go()
      else arm()
    },
    async stop() {
      running = false
      if (timer !== null) clock.clearTimer(timer)
      timer = null
      await turning
    },
    idle: () => turning === null && !isDue() && !isRunnable(),
    async settled() {
      while (turning !== null) await turning
    },
    get turnedAt() {
      return turnedAt
    },
  }
}
