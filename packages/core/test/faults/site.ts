/** A site for faults: one memory store, and processes that can be frozen, killed, cut off, or given a wrong clock. */
import type { Store } from '../../src/store/store.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { seededRandom } from '../../src/random/random.ts'
import { createScheduler } from '../../src/scheduler/create-scheduler.ts'
import type { Scheduler, SchedulerOptions } from '../../src/scheduler/scheduler.ts'
import { fakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
import { recordEvents, type EventRecorder } from '../../src/testing/record-events.ts'
import { type Clock, sleep, type TimerHandle } from '../../src/time/clock.ts'
import { createLine, type Line } from './line.ts'

export interface SiteProcess {
  readonly scheduler: Scheduler
  readonly events: EventRecorder
  /** Its own wall clock, and timers that stop with it. */
  readonly clock: Clock
  /** Its way to the store. */
  readonly line: Line
  /** Starts the scheduler, moving time as far as that takes. */
  start(options?: Parameters<Scheduler['start']>[0]): Promise<void>
  /** What handlers wait with. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** As SIGSTOP, or a blocked event loop: its timers and replies are held. */
  freeze(): void
  /** As SIGCONT: everything held happens at once. */
  thaw(): void
  /** As SIGKILL: none of its callbacks ever runs again. */
  kill(): void
  /** Sets its wall clock. */
  jump(ms: number): void
}

export interface Site extends AsyncDisposable {
  /** Real time, the same for all. */
  readonly clock: FakeClock
  /** The store itself, without faults. */
  readonly store: Store
  /** Sets the store's clock. */
  stepStore(ms: number): void
  process(options: Omit<SchedulerOptions, 'store' | 'clock' | 'random'>): SiteProcess
}

export function createSite(startAt: string = '2026-01-01T00:00:00Z'): Site {
  const clock = fakeClock(startAt)
  let storeOffset = 0
  const store = memoryStore({ clock: { ...clock, now: () => clock.now() + storeOffset } })
  const processes: { readonly process: SiteProcess; readonly isAlive: () => boolean }[] = []

  return {
    clock,
    store,
    stepStore(ms) {
      storeOffset += ms
    },
    process(options) {
      let state: 'running' | 'frozen' | 'dead' = 'running'
      let held: (() => void)[] = []
      let wallOffset = 0
      const happen = (callback: () => void): void => {
        if (state === 'running') callback()
        else if (state === 'frozen') held.push(callback)
      }
      const own: Clock = {
        now: () => clock.now() + wallOffset,
        monotonic: clock.monotonic,
        setTimer(callback, delayMs) {
          const timer = { set: true, handle: clock.setTimer(() => happen(() => timer.set && callback()), delayMs) }
          return { timer }
        },
        clearTimer(handle) {
          const timer = handle.timer as { set: boolean; handle: TimerHandle }
          // It may be held: due, but not run yet.
          timer.set = false
          clock.clearTimer(timer.handle)
        },
        defer: (callback) => clock.defer(() => happen(callback)),
      }
      const line = createLine(store, { clock, happen })
      const random = seededRandom(processes.length + 1)
      const scheduler = createScheduler({ logger: false, ...options, store: line.store, clock: own, random })
      const process: SiteProcess = {
        scheduler,
        events: recordEvents(scheduler),
        clock: own,
        line,
        start: (startOptions) => clock.until(scheduler.start(startOptions), 60_000),
        sleep: (ms, signal) => sleep(own, ms, signal),
        freeze() {
          state = 'frozen'
        },
        thaw() {
          state = 'running'
          for (const callback of held.splice(0)) callback()
        },
        kill() {
          state = 'dead'
          held = []
        },
        jump(ms) {
          wallOffset += ms
        },
      }
      processes.push({ process, isAlive: () => state === 'running' })
      return process
    },
    async [Symbol.asyncDispose]() {
      for (const { process, isAlive } of processes) if (isAlive()) await clock.until(process.scheduler.stop(), 120_000)
    },
  }
}
