/** A job: a named handler with its policies. Types only; `define-job.ts` makes one. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Logger } from '../observe/logger.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { Duration } from '../time/duration.ts'
import type { TriggerKind } from '../run/run-state.ts'
import type { TraceContext } from '../observe/trace-context.ts'
import type { DebounceOptions, RunHandle, RunTriggerOptions, TriggerArgs, TriggerItem } from './trigger-options.ts'

/** What a handler gets. */
export interface RunContext<P = unknown> {
  /** The payload as the job's schema gives it; parsed anew at each attempt. */
  readonly payload: P
  /** Aborts on timeout, cancel, a lost lease, or the end of the grace period of `stop`. Its reason is a QuarterjackError. */
  readonly signal: AbortSignal
  /** Id of the run: the same at each attempt. */
  readonly runId: string
  /** Name of the job. */
  readonly job: string
  /** Key of the schedule or the trigger; `''` unless one was given. */
  readonly key: string
  /** From 1. */
  readonly attempt: number
  /** Number of the last attempt, if this one and all to come fail: equal to `attempt` in the last one. Attempts that their process did not survive count for none. */
  readonly maxAttempts: number
  /** Nominal due instant of a scheduled run (and of replays of it); null for others. */
  readonly slot: Date | null
  /** What made the run. */
  readonly trigger: TriggerKind
  /** Grows with every claim of any run: guard your own writes with it. */
  readonly fence: number
  /** The same for all attempts of this run. */
  readonly idempotencyKey: string
  /** What the trigger carried along, the same for all attempts; null for runs of schedules, and where nothing was carried. */
  readonly trace: TraceContext | null
  /** A child logger that carries job, run, attempt, and the id of the request that brought the run about. */
  readonly log: Logger
  /** The scheduler, for handlers that start other jobs: what they trigger carries this run's trace along. */
  readonly scheduler: RunScheduler
  /** Records progress (JSON, at most 4 KB); written with the next renewal, the last value wins. */
  progress(value: unknown): void
  /** Ends the run as `skipped(handler)`: there was nothing to do. Never returns. */
  skip(reason: string): never
}

/** The scheduler as a handler reaches it. The same verbs as its own, and `once`. */
export interface RunScheduler {
  trigger<In, R>(job: Job<In, R>, ...args: TriggerArgs<In, RunTriggerOptions<In>>): Promise<RunHandle<R>>
  triggerMany<In, R>(job: Job<In, R>, items: readonly TriggerItem<In, RunTriggerOptions<In>>[]): Promise<readonly RunHandle<R>[]>
}

/** Retries of failed attempts, in p-retry's words. The backoff is kept in the store: it survives restarts. */
export interface RetryOptions {
  /** Attempts after the first. Default 0. */
  readonly retries?: number | undefined
  /** Default `'1s'`, or `maxTimeout` if that is shorter. */
  readonly minTimeout?: Duration | undefined
  /** Default `'5m'`, or `minTimeout` if that is longer. */
  readonly maxTimeout?: Duration | undefined
  /** Default 2. */
  readonly factor?: number | undefined
  /** Full jitter: uniform between 0 and the computed delay, at least `minTimeout / 2`. Default true. */
  readonly randomize?: boolean | undefined
}

/** What to do with slots that were missed. */
export type CatchUp = 'latest' | 'none' | { readonly all: true; readonly limit?: number; readonly within?: Duration }

/** Retention of finished runs, per (job, key). */
export interface KeepOptions {
  /** Default 10. */
  readonly succeeded?: number | undefined
  /** Default 50. */
  readonly dead?: number | undefined
  /** Default `'30d'`. */
  readonly for?: Duration | undefined
}

/** When health calls the job unhealthy. */
export interface JobHealthOptions {
  /**
   * Unhealthy when the last success is older. Default: twice the longest gap among the next 100 slots, at least a minute;
   * then a run that began in time and still executes counts as fresh, too.
   */
  readonly staleAfter?: Duration | undefined
  /** Unhealthy after more dead runs in a row than this. Default 2. */
  readonly maxFailures?: number | undefined
}

/** The payload type that a schema takes in; without a schema: nothing. */
export type SchemaInput<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : undefined
/** The payload type that a schema gives out, and the handler gets. */
export type SchemaOutput<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : undefined

/** A schedule that fits the payload: it must carry one unless `undefined` is a valid payload. */
export type ScheduleFor<In> = undefined extends In ? Schedule<In> | Schedule<undefined> : Schedule<In>

/** Options of {@link defineJob}. `S` is the payload's schema, `R` the handler's result. */
export interface JobOptions<S extends StandardSchemaV1 | undefined, R> {
  /** Letters, digits, `. _ : -`; 1 to 128 characters. Identity of the job in the store. */
  readonly name: string
  /** When it is due: one schedule or several. Without any it runs when it is triggered. */
  readonly schedule?: ScheduleFor<SchemaInput<S>> | readonly ScheduleFor<SchemaInput<S>>[] | undefined
  /** One run per deploy, not per replica: starts within the window (default `'5m'`) share it. */
  readonly runOnStart?: boolean | { readonly payload?: SchemaInput<S>; readonly window?: Duration } | undefined
  /** Any Standard Schema. Its input is what triggers give and what is stored; its output is `ctx.payload`, parsed anew at each attempt. */
  readonly payload?: S | undefined
  /** Default none. */
  readonly timeout?: Duration | undefined
  /** What follows a failed attempt. Default: none is tried again. */
  readonly retry?: RetryOptions | undefined
  /** Default of a slot `skip` (`queue` when `catchUp` asks for all missed ones); of a trigger the same in a job with a `schedule`, `allow` in one without. */
  readonly overlap?: 'skip' | 'queue' | 'replace' | 'allow' | undefined
  /** With `overlap: 'queue'`: scheduled runs that may stand behind the running one. Default 1, or the limit of `catchUp: { all }`. */
  readonly queueLimit?: number | undefined
  /** Runs of this job at a time over all processes. Default unlimited. */
  readonly concurrency?: number | undefined
  /** At most one run at a time among all jobs with this mutex, and holders of `createMutex` with its name. */
  readonly mutex?: string | undefined
  /** Higher first. Integer, default 0. */
  readonly priority?: number | undefined
  /** At most `max` attempts start within `per`, over all processes; the others stay pending. Default none. */
  readonly rateLimit?: { readonly max: number; readonly per: Duration } | undefined
  /** Default `'latest'`. */
  readonly catchUp?: CatchUp | undefined
  /** A slot not fired within this is missed. Default: lease + 5 s. */
  readonly misfireAfter?: Duration | undefined
  /** Default of its triggers: many in a short time make one run. Default none. */
  readonly debounce?: DebounceOptions<SchemaInput<S>> | undefined
  /** How much history stays, per (job, key). */
  readonly keep?: KeepOptions | undefined
  /** From when on the job is unhealthy. */
  readonly health?: JobHealthOptions | undefined
  /**
   * A reason: the job begins suspended when the store first hears of it, in that very write, and stays so until it is resumed.
   * Afterwards it says nothing: a job that was resumed stays resumed, whatever its definition says.
   */
  readonly suspended?: string | undefined
  /** Suspend the job after this many dead runs in a row. Default off. */
  readonly suspendAfter?: number | undefined
  /** Runs once after each success of these jobs (coalesced while one is still pending). */
  readonly after?: readonly { readonly name: string }[] | undefined
  /** Paths (`'token'`, `'user.email'`) of the payload that are masked wherever a payload is shown. */
  readonly sensitive?: readonly string[] | undefined
  /** When a handler ignores abort: `hold` keeps its permit and gates until it returns; `release` frees them. Default `hold`. */
  readonly onStuck?: 'hold' | 'release' | undefined
  /** Former name: its cursor, schedules and history move here. */
  readonly renamedFrom?: string | undefined
  /** The handler. What it returns is kept as the result of the run; what it throws fails the attempt. It is executed at least once: pass `ctx.signal` on, and use `ctx.idempotencyKey`. */
  readonly run: (ctx: RunContext<SchemaOutput<S>>) => R | Promise<R>
}

declare const types: unique symbol

/** A defined job: a frozen value that types `trigger`, `ctx.payload` and `finished()`. */
export interface Job<In = unknown, R = unknown> {
  readonly name: string
  readonly policy: JobPolicy
  readonly [types]?: (input: In) => R
}

/** The resolved options: durations in milliseconds, defaults filled in. What the engine reads. */
export interface JobPolicy {
  readonly name: string
  readonly schedules: readonly BoundSchedule[]
  readonly runOnStart: { readonly payload: unknown; readonly windowMs: number } | null
  readonly payload: StandardSchemaV1 | null
  readonly timeoutMs: number | null
  readonly retry: {
    readonly retries: number
    readonly minTimeoutMs: number
    readonly maxTimeoutMs: number
    readonly factor: number
    readonly randomize: boolean
  }
  /** Of triggered runs. */
  readonly overlap: 'skip' | 'queue' | 'replace' | 'allow'
  /** Of the runs of slots: the same, but where it was not said. */
  readonly slotOverlap: 'skip' | 'queue' | 'replace' | 'allow'
  readonly queueLimit: number
  readonly concurrency: number | null
  readonly mutex: string | null
  readonly priority: number
  readonly rateLimit: { readonly max: number; readonly perMs: number } | null
  readonly catchUp: ResolvedCatchUp
  /** null: the scheduler's lease + 5 s. */
  readonly misfireAfterMs: number | null
  readonly debounce: ResolvedDebounce | null
  readonly keep: { readonly succeeded: number; readonly dead: number; readonly forMs: number }
  readonly health: { readonly staleAfterMs: number | null; readonly maxFailures: number }
  /** Why it begins suspended; null: it does not. */
  readonly suspended: string | null
  readonly suspendAfter: number | null
  readonly after: readonly string[]
  readonly sensitive: readonly string[]
  readonly onStuck: 'hold' | 'release'
  readonly renamedFrom: string | null
  /** Of what the job stands for, when that is more than the job: part of its definition. */
  readonly revision?: string
  readonly run: (ctx: RunContext<never>) => unknown
}

/** `latest` runs the newest missed slot, `none` none, `all` the newest `limit` within `withinMs`, oldest first. */
export type ResolvedCatchUp =
  | { readonly mode: 'latest' }
  | { readonly mode: 'none' }
  | { readonly mode: 'all'; readonly limit: number; readonly withinMs: number | null }

export interface ResolvedDebounce {
  readonly waitMs: number
  readonly maxWaitMs: number | null
  readonly leading: boolean
  readonly trailing: boolean
  readonly merge: 'last' | 'first' | ((a: never, b: never) => unknown)
}

/** A static schedule bound to its job: `H` resolved, name and key assigned. */
export interface BoundSchedule {
  /** `#0`, or `#<key>`. */
  readonly name: string
  readonly key: string
  readonly schedule: Schedule
}
