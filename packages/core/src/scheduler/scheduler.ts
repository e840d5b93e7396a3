/** The facade: what users hold. `create-scheduler.ts` makes one. */
import type { StoredError } from '../errors/stored-error.ts'
import type { AuditReport } from '../health/audit-report.ts'
import type { HealthSnapshot } from '../health/snapshot.ts'
import type { DebounceOptions, Job, RunContext } from '../job/job.ts'
import type { BackfillOptions } from '../rollup/backfill-options.ts'
import type { RefreshSummary } from '../rollup/refresh-work.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { RunState } from '../run/run-state.ts'
import type { SchedulerEventName, SchedulerEvents } from '../observe/events.ts'
import type { Logger } from '../observe/logger.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { AttemptRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'
import type { Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'
import type { Backfill, MarkedTime, MarkOptions, MarkTarget, RollupRef, RollupsGroup } from './rollups.ts'

/** Options of `createScheduler`. */
export interface SchedulerOptions {
  readonly store: Store
  /** Jobs and rollups, each once. */
  readonly jobs: readonly (Job<never, unknown> | Rollup)[]
  /** A pino-shaped logger, `'text'` or `'json'` for the console, or `false`. Default `'text'`: warnings and errors. */
  readonly logger?: Logger | 'text' | 'json' | false | undefined
  /** Runs at a time in this process. Default 20. */
  readonly concurrency?: number | undefined
  /** Default `'30s'`; at least `'2s'`. Renewed three times as often. */
  readonly lease?: Duration | undefined
  /** Deadline of each store call. Default `'5s'`, at most half the lease. */
  readonly storeTimeout?: Duration | undefined
  /** How long a handler may go on after its signal aborted before it counts as stuck. Default `'10s'`. */
  readonly abortGrace?: Duration | undefined
  /** Most bytes of a payload, result, error as JSON. Defaults 256 KB, 64 KB, 16 KB. */
  readonly limits?: { readonly payload?: number; readonly result?: number; readonly error?: number } | undefined
  /** Wraps every run: AsyncLocalStorage, transactions, tracing. Must call `next` once and return its value. */
  readonly around?: ((ctx: RunContext, next: () => Promise<unknown>) => Promise<unknown>) | undefined
  /**
   * Stop on SIGTERM and SIGINT, with this grace; the second signal exits. The process is not ended for you: it lives as long as
   * something else keeps it (a server, a pool); close that on the event `scheduler.stopped`. Default off.
   */
  readonly handleSignals?: boolean | { readonly grace?: Duration } | undefined
  /** For tests. */
  readonly clock?: Clock | undefined
  /** For tests: numbers in [0, 1), for jitter of retries, ids and backoff. */
  readonly random?: (() => number) | undefined
}

/** Options of one trigger. */
export interface TriggerOptions<In = unknown> {
  /** Default `''`. */
  readonly key?: string | undefined
  readonly delay?: Duration | undefined
  /** Absolute start; not together with `delay`. */
  readonly runAt?: Instant | undefined
  readonly priority?: number | undefined
  /** A second trigger with this key (per job) within `idempotencyTtl` (default `'24h'`) answers with the first's run. */
  readonly idempotencyKey?: string | undefined
  readonly idempotencyTtl?: Duration | undefined
  /** `false` overrides the job's default. */
  readonly debounce?: DebounceOptions<In> | false | undefined
  /** `'skip'`: do not run at all if a run of (job, key) is alive. */
  readonly overlap?: 'skip' | undefined
  /** An open transaction of the store's database; see the adapter. */
  readonly tx?: unknown | undefined
}

/** What a trigger gives back. */
export interface RunHandle<R = unknown> {
  readonly id: string
  readonly outcome: 'created' | 'coalesced' | 'duplicate' | 'pruned' | 'dropped' | 'skipped'
  /** Resolves with the result after it is committed; throws `RunFailedError`, or an error with code `RunCancelled`, `RunSkipped` or `WaitTimedOut`. */
  finished(options?: { readonly timeout?: Duration; readonly signal?: AbortSignal }): Promise<R>
}

/** One execution of a run, as it is shown. */
export interface Attempt extends Omit<AttemptRecord, 'startedAt' | 'finishedAt'> {
  readonly startedAt: Date
  readonly finishedAt: Date
}

/** A run as it is shown: instants as `Date`, JSON parsed, sensitive paths masked. */
export interface Run {
  readonly id: string
  readonly job: string
  readonly key: string
  readonly state: RunState
  readonly trigger: string
  readonly schedule: string | null
  readonly slot: Date | null
  readonly payload: unknown
  readonly priority: number
  readonly runAt: Date
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly attempt: number
  readonly failures: number
  readonly crashes: number
  readonly triggers: number
  readonly reason: string | null
  readonly progress: unknown
  readonly result: unknown
  readonly error: StoredError | null
  readonly attempts: readonly Attempt[]
  readonly replayOf: string | null
  readonly cancelRequested: string | null
}

/** Which runs to find; all given members must match. */
export interface RunFilter {
  readonly job?: JobRef | undefined
  readonly key?: string | undefined
  readonly state?: RunState | readonly RunState[] | undefined
  readonly createdAfter?: Instant | undefined
  readonly createdBefore?: Instant | undefined
  /** Run id: continue a page. */
  readonly after?: string | undefined
  /** Default 50, at most 1,000. */
  readonly limit?: number | undefined
}

/** A job, or its name. */
export type JobRef = string | { readonly name: string }

/** A schedule as it is shown. */
export interface ScheduleView {
  readonly job: string
  readonly name: string
  readonly key: string
  readonly kind: 'static' | 'dynamic'
  /** In words: `cron "5 * * * *" in Europe/Berlin`, `every 6h`, `at 2026-01-01T00:00:00.000Z`. */
  readonly description: string
  readonly state: 'active' | 'suspended' | 'exhausted' | 'quarantined'
  readonly cursor: Date
  readonly nextSlot: Date | null
  readonly nextDueAt: Date | null
  readonly slots: number
  readonly payload: unknown
  readonly suspended: { readonly at: Date; readonly reason: string } | null
}

/** A dynamic schedule to be set. The payload stands beside the schedule or in it, and may be left out when `undefined` is a valid one. */
export type ScheduleSetting<In> = { readonly key: string } & (undefined extends In
  ? { readonly schedule: Schedule<In> | Schedule<undefined>; readonly payload?: In }
  :
      | { readonly schedule: Schedule<In>; readonly payload?: In }
      | { readonly schedule: Schedule<In> | Schedule<undefined>; readonly payload: In })

/** One line of `preview`. */
export interface PreviewSlot {
  readonly slot: Date
  /** With the grace of a rollup's windows, and with jitter. */
  readonly dueAt: Date
  readonly schedule: string
}

/** What one `tick` did. */
export interface TickSummary {
  readonly fired: number
  readonly claimed: number
  readonly succeeded: number
  readonly failed: number
  /** Earliest instant at which another tick has work; null if none is known. */
  readonly nextWakeAt: Date | null
}

/** The scheduler. Without `start()` it is a client: trigger, query, control. */
export interface Scheduler extends AsyncDisposable {
  readonly store: Store
  readonly jobs: SchedulerOptions['jobs']

  /** Registers the definitions and begins to work. `only` limits which jobs this process executes; `runOnStart: false` leaves out the start runs. */
  start(options?: { readonly only?: readonly JobRef[]; readonly runOnStart?: boolean }): Promise<void>
  /**
   * Stops claiming, waits `grace` (default `'30s'`) for running handlers, aborts the rest, gives their runs back. A start
   * under way is waited for, then stopped; calls that overlap share one stop and its answer.
   */
  stop(options?: { readonly grace?: Duration }): Promise<{ readonly stuck: readonly string[] }>
  /**
   * One bounded pass for serverless hosts and one-shot containers: fires what is due, executes at most `limit` (default 100) runs
   * or for `budget` (default `'30s'`), settles, leaves. `every` says how often passes come (default `'1m'`): slots cannot be more
   * punctual than that, so they are missed only after `misfireAfter` and `every` together.
   */
  tick(options?: { readonly limit?: number; readonly budget?: Duration; readonly every?: Duration }): Promise<TickSummary>

  trigger<In, R>(job: Job<In, R>, ...args: TriggerArgs<In>): Promise<RunHandle<R>>
  /** A sweep of a rollup: what is due or changed, its `lookback`, and with `live` the open window. */
  trigger(rollup: Rollup, payload?: undefined, options?: TriggerOptions<undefined>): Promise<RunHandle<RefreshSummary>>
  triggerMany<In, R>(job: Job<In, R>, items: readonly TriggerItem<In>[]): Promise<readonly RunHandle<R>[]>

  /**
   * "Data of these instants or ranges changed": what reads it is refreshed soon, debounced over all replicas. Takes a rollup, or the name
   * of a source. With `tx`, in the transaction that changes the data; without, call it after the commit.
   */
  mark(target: MarkTarget, when: MarkedTime | readonly MarkedTime[], options?: MarkOptions): Promise<void>
  /** A recomputation of a range in its own right: kept by the store, worked on by all replicas, resumed after any crash. */
  backfill(rollup: RollupRef, options: BackfillOptions): Promise<Backfill>

  /** Nothing of the job (or of one schedule of it) fires or starts until it is resumed. Kept in the store. */
  suspend(job: JobRef, reason: string, options?: { readonly schedule?: string }): Promise<boolean>
  resume(job: JobRef, options?: { readonly schedule?: string }): Promise<boolean>
  /** Ends a job that left the code. Refused (`JobInUse`) while a live process declares it. */
  retire(job: string): Promise<void>
  /** The next slots after `from` (default: the store's now), the very ones that will fire. */
  preview(
    job: JobRef,
    options?: { readonly count?: number; readonly from?: Instant; readonly schedule?: string },
  ): Promise<readonly PreviewSlot[]>

  health(): Promise<HealthSnapshot>
  /** True while the loop turns and not every permit is stuck. Never asks the store. */
  live(): boolean
  audit(options?: { readonly job?: JobRef; readonly limit?: number }): Promise<AuditReport>

  on<E extends SchedulerEventName>(event: E, listener: (event: SchedulerEvents[E]) => void): () => void

  readonly runs: {
    get(id: string): Promise<Run | null>
    find(filter?: RunFilter): Promise<readonly Run[]>
    /** False when the run had ended already. Throws `UnknownRun`. */
    cancel(id: string, reason?: string): Promise<boolean>
    /** A new run with the payload of a finished one. */
    replay(id: string): Promise<RunHandle>
    /** Replays every dead run that matches, oldest first, at most `limit` (default 100). */
    replayAll(filter: {
      readonly job?: JobRef
      readonly key?: string
      readonly createdAfter?: Instant
      readonly createdBefore?: Instant
      readonly limit?: number
    }): Promise<readonly RunHandle[]>
  }

  readonly schedules: {
    /** Creates or changes the schedule of a key; equal content changes nothing. */
    set<In, R>(job: Job<In, R>, setting: ScheduleSetting<In>): Promise<'created' | 'changed' | 'unchanged'>
    setMany<In, R>(job: Job<In, R>, settings: readonly ScheduleSetting<In>[]): Promise<readonly ('created' | 'changed' | 'unchanged')[]>
    get(job: JobRef, key: string): Promise<ScheduleView | null>
    list(filter?: {
      readonly job?: JobRef
      readonly after?: { readonly job: string; readonly name: string }
      readonly limit?: number
    }): Promise<readonly ScheduleView[]>
    remove(job: JobRef, key: string): Promise<boolean>
  }

  readonly rollups: RollupsGroup
}

/** The payload comes first, and may be left out when `undefined` is a valid one. */
export type TriggerArgs<In> = undefined extends In
  ? [payload?: In, options?: TriggerOptions<In>]
  : [payload: In, options?: TriggerOptions<In>]

/** One of `triggerMany`. */
export type TriggerItem<In> = TriggerOptions<In> & (undefined extends In ? { readonly payload?: In } : { readonly payload: In })
