/** Digests marks for as long as the process works: at once where it made them itself, else by and by. It never dies. */
import type { Logger } from '../observe/logger.ts'
import type { Clock, TimerHandle } from '../time/clock.ts'
import { storeBackoff } from './retry-store.ts'

export interface DrainLoopDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  /** One bounded pass: whether more waits, and in how many milliseconds at the latest there is something to digest. */
  readonly drain: () => Promise<{ readonly more: boolean; readonly againInMs: number }>
}

export interface DrainLoop {
  start(): void
  /** There are new marks. */
  kick(): void
  /** Resolves when no pass is under way. */
  settled(): Promise<void>
  /** Resolves once the pass under way is over; none follows. */
  stop(): Promise<void>
}

export function createDrainLoop({ clock, random, logger, drain }: DrainLoopDeps): DrainLoop {
  let running = false
  let again = false
  let turning: Promise<void> | null = null
  let timer: TimerHandle | null = null
  let failures = 0

  const turn = async (): Promise<number> => {
    let waitMs = 0
    do {
      again = false
      try {
        const { more, againInMs } = await drain()
        failures = 0
        again ||= more
        waitMs = againInMs
      } catch (error) {
        failures++
        again = false
        waitMs = storeBackoff(failures, random)
        if (failures === 1) logger.warn({ err: error }, 'marks could not be digested; they wait in the store, and are tried again')
      }
    } while (again && running)
    return waitMs
  }

  const go = (): void => {
    if (!running) return
    if (turning !== null) {
      again = true
      return
    }
    if (timer !== null) clock.clearTimer(timer)
    timer = null
    turning = turn().then((waitMs) => {
      turning = null
      if (running) timer = clock.setTimer(go, waitMs)
    })
  }

  return {
    start() {
      running = true
      go()
    },
    kick() {
      // A failing store is given its pause.
      if (failures === 0) go()
    },
    async settled() {
      while (turning !== null) await turning
    },
    async stop() {
      running = false
      if (timer !== null) clock.clearTimer(timer)
      timer = null
      await turning
    },
  }
}
