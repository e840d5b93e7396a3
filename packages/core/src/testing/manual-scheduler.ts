/** A scheduler on a fake clock: time moves when the test says so. */
import { requireNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { memoryStore } from '../memory/memory-store.ts'
import { seededRandom } from '../random/random.ts'
import { createScheduler } from '../scheduler/create-scheduler.ts'
import type { RunHandle } from '../job/trigger-options.ts'
import type { Scheduler, SchedulerOptions } from '../scheduler/scheduler.ts'
import { type Duration, formatDuration, parseDuration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { recordEvents, type EventRecorder } from './record-events.ts'

/** Options of {@link manualScheduler}: those of a scheduler, and where time starts. */
export interface ManualSchedulerOptions extends Omit<SchedulerOptions, 'store' | 'clock' | 'random'> {
  readonly jobs: SchedulerOptions['jobs']
  /** Default: a memory store on the same clock. */
  readonly store?: SchedulerOptions['store']
  readonly clock?: FakeClock
  /** Default 1. */
  readonly seed?: number
  /** Where a fresh clock starts. Default 2026-01-01T00:00:00Z. */
  readonly startAt?: Instant
}

/** A scheduler whose time the test moves. */
export interface ManualScheduler extends AsyncDisposable {
  readonly scheduler: Scheduler
  readonly clock: FakeClock
  /** Everything that happened, in order. */
  readonly events: EventRecorder
  /** Starts the scheduler and lets it come to rest. */
  start(): Promise<void>
  /** Moves time, running everything that falls due, in order. */
  advance(by: Duration): Promise<void>
  /** Moves time to an instant. */
  advanceTo(at: Instant): Promise<void>
  /**
   * Waits for a run by moving time to each next timer, for at most `within` (default `'1h'`). A handler with real I/O takes
   * real time: await `handle.finished()` for it. Throws what `finished()` throws, and `WaitTimedOut`.
   */
  finish<R>(handle: RunHandle<R>, within?: Duration): Promise<R>
  stop(): Promise<void>
}

/**
 * A scheduler on a fake clock and seeded chance: nothing happens until time is moved.
 *
 * @example
 * const manual = manualScheduler({ jobs: [report], startAt: '2026-03-01T05:59:00Z' })
 * await manual.start()
 * await manual.advance('1m')
 */
export function manualScheduler(options: ManualSchedulerOptions): ManualScheduler {
  checkOptionsGiven(options)
  const { clock = fakeClock(options.startAt), seed = 1, startAt: _, ...rest } = options
  const random = seededRandom(seed)
  const scheduler = createScheduler({ logger: false, ...rest, store: options.store ?? memoryStore({ clock }), clock, random })
  const events = recordEvents(scheduler)

  const stop = async (): Promise<void> => {
    await clock.until(scheduler.stop(), 120_000)
  }

  return {
    scheduler,
    clock,
    events,
    start: () => clock.until(scheduler.start(), 60_000).then(() => clock.settle()),
    advance: (by) => clock.advance(parseDuration(by, 'advance')),
    advanceTo: (at) => clock.advanceTo(at),
    async finish(handle, within = '1h') {
      requireHandle(handle)
      const withinMs = parseDuration(within, 'finish: within')
      try {
        return await clock.until(handle.finished(), withinMs)
      } catch (error) {
        if (!QuarterjackError.isInstance(error, 'WaitTimedOut')) throw error
        const remedy =
          'A handler with real I/O takes real time, which this clock does not see: await handle.finished() instead. Else give it longer.'
        throw new QuarterjackError(
          'WaitTimedOut',
          `finish: run ${handle.id} did not end within ${formatDuration(withinMs)} of this clock's time. ${remedy}`,
        )
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Its own come first: they are meant more often than those of any scheduler. */
const NAMES: Readonly<Record<keyof ManualSchedulerOptions, true>> = {
  jobs: true,
  startAt: true,
  seed: true,
  store: true,
  clock: true,
  logger: true,
  concurrency: true,
  lease: true,
  storeTimeout: true,
  abortGrace: true,
  limits: true,
  around: true,
  trace: true,
  handleSignals: true,
}

function checkOptionsGiven(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new QuarterjackError(
      'InvalidOption',
      `manualScheduler: ${shown(options)} is not an object. Write manualScheduler({ jobs: [job] }).`,
    )
  }
  requireNames(options, Object.keys(NAMES), 'manualScheduler')
}

function requireHandle(handle: unknown): void {
  if (typeof (handle as Partial<RunHandle> | null | undefined)?.finished === 'function') return
  const remedy = handle instanceof Promise ? 'Await the trigger first.' : 'Give what trigger() answered with.'
  throw new QuarterjackError('InvalidOption', `finish: ${shown(handle)} is not a run. ${remedy}`)
}
