/** The facade: what users hold. `create-scheduler.ts` makes one. */
import type { StoredError } from '../errors/stored-error.ts'
import type { AuditReport } from '../health/audit-report.ts'
import type { HealthSnapshot } from '../health/snapshot.ts'
import type { Job, RunContext } from '../job/job.ts'
import type { RunHandle, TriggerArgs, TriggerItem, TriggerOptions } from '../job/trigger-options.ts'
import type { BackfillOptions } from '../rollup/backfill-options.ts'
import type { RefreshSummary } from '../rollup/refresh-work.ts'
import type { Rollup } from '../rollup/rollup.ts'
import type { RunState, TriggerKind } from '../run/run-state.ts'
import type { SchedulerEventName, SchedulerEvents } from '../observe/events.ts'
import type { Logger } from '../observe/logger.ts'
import type { TraceContext } from '../observe/trace-context.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { AttemptRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../time/clock.ts'
import type { Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'
import type { Backfill, MarkedTime, MarkOptions, MarkTarget, RollupRef, RollupsGroup } from './rollups.ts'

/**
 * A job of whatever payload and result, or a rollup: what lists of them hold. A plain `Job` is one whose payload is unknown, and
 * no job with a payload of its own is that.
 *
 * @example
 * const jobs: AnyJob[] = [report, cleanUp]
 */
export type AnyJob = Job<never, unknown> | Rollup

/** Options of `createScheduler`. */
export interface SchedulerOptions {
  /** Where everything is kept: `memoryStore()`, `pgStore(…)`, `redisStore(…)`. Schedulers on one store are replicas of each other. */
  readonly store: Store
  /** Jobs and rollups, each once. */
  readonly jobs: readonly AnyJob[]
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
  /** What triggers carry to their runs, asked at each: `activeTrace` of `@quarterjack/core/otel`, the id of the present request. One that throws carries nothing. */
  readonly trace?: (() => TraceContext | null | undefined) | undefined
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
  readonly trigger: TriggerKind
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
  readonly trace: TraceContext | null
  readonly cancelRequested: string | null
}

/** Which runs to find; all given members must match. */
export interface RunFilter {
  /** Of this job only. */
  readonly job?: JobRef | undefined
  /** Of this key only. */
  readonly key?: string | undefined
  /** In one of these states. */
  readonly state?: RunState | readonly RunState[] | undefined
  /** Made after this instant. */
  readonly createdAfter?: Instant | undefined
  /** Made before this instant. */
  readonly createdBefore?: Instant | undefined
  /** Run id: continue a page. */
  readonly after?: string | undefined
  /** Default 50, at most 1,000. */
  readonly limit?: number | undefined
}

/** Which runs to cancel or replay together; all given members must match, and `{}` means the runs of all jobs. */
export type RunsTogether = Pick<RunFilter, 'job' | 'key' | 'createdAfter' | 'createdBefore'>

/** A job, or its name. */
export type JobRef = string | { readonly name: string }

/** A schedule as it is shown. */
export interface ScheduleView {
  /** Name of its job. */
  readonly job: string
  /** Unique within the job: `#0` or `#<key>` of those in code, the key of the others. */
  readonly name: string
  /** That of its runs; `''` for those in code that say none. */
  readonly key: string
  /** `static`: in code. `dynamic`: set per key. */
  readonly kind: 'static' | 'dynamic'
  /** In words: `cron "5 * * * *" in Europe/Berlin`, `every 6h`, `at 2026-01-01T00:00:00.000Z`. */
  readonly description: string
  /** `exhausted` has no slot to come; `quarantined` cannot be understood and stands still. */
  readonly state: 'active' | 'suspended' | 'exhausted' | 'quarantined'
  /** The newest slot that was accounted for; before the first, the instant of creation. */
  readonly cursor: Date
  /** The slot after it; null when there is none. */
  readonly nextSlot: Date | null
  /** When that one is due, jitter included. */
  readonly nextDueAt: Date | null
  /** How many slots were accounted for. */
  readonly slots: number
  /** As it was given, sensitive paths masked. */
  readonly payload: unknown
  /** Since when and why; null when it is not. */
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
  /** The store that it was made with. */
  readonly store: Store
  /** The jobs and rollups that it was made with. */
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

  /** A run now or soon, from any process of the store. Resolves once it is recorded; `finished()` of the answer waits for its end. Throws `PayloadInvalid`, `UnknownJob`, and what the store throws. */
  trigger<In, R>(job: Job<In, R>, ...args: TriggerArgs<In>): Promise<RunHandle<R>>
  /** A sweep of a rollup: what is due or changed, its `lookback`, and with `live` the open window. */
  trigger(rollup: Rollup, payload?: undefined, options?: TriggerOptions<undefined>): Promise<RunHandle<RefreshSummary>>
  /** Many runs in few writes, each with its own options; the answers come in the same order. */
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

  /** Listens to an event of this process; the answer ends that. What a listener throws is counted, and hurts no run. */
  on<E extends SchedulerEventName>(event: E, listener: (event: SchedulerEvents[E]) => void): () => void

  /** Runs, past and present, of all processes. */
  readonly runs: {
    /** null when it never was, or is no longer kept. */
    get(id: string): Promise<Run | null>
    find(filter?: RunFilter): Promise<readonly Run[]>
    /**
     * Takes hold of a run by its id, to wait for its end: in another process than the one that triggered, or after a restart.
     * Its `outcome` is `created`, whatever the trigger's was. Throws `UnknownRun`.
     */
    handle<R = unknown>(id: string): Promise<RunHandle<R>>
    /** False when the run had ended already. Throws `UnknownRun`. */
    cancel(id: string, reason?: string): Promise<boolean>
    /**
     * Cancels every run that matches and has not ended, the newest first, at most `limit` (default: all). The answer counts those
     * that were cancelled, and those that were asked to stop and had not been before. Runs that are made meanwhile are left.
     */
    cancelAll(
      filter: RunsTogether & { readonly state?: RunFilter['state']; readonly limit?: number | undefined },
      reason?: string,
    ): Promise<number>
    /** A new run with the payload of a finished one. */
    replay(id: string): Promise<RunHandle>
    /**
     * Replays every dead run that matches and was not replayed yet, the oldest first, at most `limit` (default 100). A replay
     * that died is a dead run of its own: it stands for the run that it replayed. However often it is called, and by how many at
     * once, each dead run is replayed once.
     */
    replayAll(
      filter: RunsTogether & {
        /** Also those that were replayed already: each call then replays all of them. Default false. */
        readonly again?: boolean | undefined
        readonly limit?: number | undefined
      },
    ): Promise<readonly RunHandle[]>
  }

  /** Schedules per key: data, not code. */
  readonly schedules: {
    /** Creates or changes the schedule of a key; equal content changes nothing. */
    set<In, R>(job: Job<In, R>, setting: ScheduleSetting<In>): Promise<'created' | 'changed' | 'unchanged'>
    /** The same for many keys, in few writes. */
    setMany<In, R>(job: Job<In, R>, settings: readonly ScheduleSetting<In>[]): Promise<readonly ('created' | 'changed' | 'unchanged')[]>
    /** null when the key has none. */
    get(job: JobRef, key: string): Promise<ScheduleView | null>
    list(filter?: {
      readonly job?: JobRef
      readonly after?: { readonly job: string; readonly name: string }
      readonly limit?: number
    }): Promise<readonly ScheduleView[]>
    /** False when there was none. */
    remove(job: JobRef, key: string): Promise<boolean>
  }

  /** State, backfills and proofs of rollups. */
  readonly rollups: RollupsGroup
}
