/** Triggers: what they take, and what they give back. Types only. */
import type { TraceContext } from '../observe/trace-context.ts'
import type { Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'

/** Triggers close together share one run. */
export interface DebounceOptions<P = unknown> {
  /** The run starts when no trigger came for this long. */
  readonly wait: Duration
  /** Latest start, counted from the first trigger; not shorter than `wait`. */
  readonly maxWait?: Duration | undefined
  /** Run at once on the first trigger of a quiet (job, key). Default false. */
  readonly leading?: boolean | undefined
  /** Run once at the end of the window. Default true. */
  readonly trailing?: boolean | undefined
  /** Which payload the shared run gets; a function folds them, oldest first. Default `'last'`. */
  readonly merge?: ('last' | 'first' | ((a: P, b: P) => P)) | undefined
}

/** A debounce of whatever payload. */
export type AnyDebounce = Omit<DebounceOptions, 'merge'> & {
  readonly merge?: 'last' | 'first' | ((a: never, b: never) => unknown) | undefined
}

/** Options of one trigger. */
export interface TriggerOptions<In = unknown> {
  /** Default `''`. */
  readonly key?: string | undefined
  /** Starts this much later. Default 0. */
  readonly delay?: Duration | undefined
  /** Absolute start; not together with `delay`. */
  readonly runAt?: Instant | undefined
  /** Higher first. Default: that of the job. */
  readonly priority?: number | undefined
  /** A second trigger with this key (per job) within `idempotencyTtl` (default `'24h'`) answers with the first's run. */
  readonly idempotencyKey?: string | undefined
  /** How long `idempotencyKey` is remembered, also after the run has ended. */
  readonly idempotencyTtl?: Duration | undefined
  /** `false` overrides the job's default. */
  readonly debounce?: DebounceOptions<In> | false | undefined
  /** `'skip'`: do not run at all if a run of (job, key) is alive. */
  readonly overlap?: 'skip' | undefined
  /** What is carried to the run. What it lacks is what the scheduler's option `trace` says. */
  readonly trace?: TraceContext | undefined
  /** An open transaction of the store's database; see the adapter. */
  readonly tx?: unknown | undefined
}

/** What a trigger gives back. */
export interface RunHandle<R = unknown> {
  /** Id of the run. */
  readonly id: string
  /** `created`; `coalesced`: it joined a debounced run; `duplicate`: the idempotency key is known; `pruned`: it is known, but its run is no longer kept; `dropped`: by a debounce with `trailing: false`; `skipped`: by `overlap: 'skip'`. */
  readonly outcome: 'created' | 'coalesced' | 'duplicate' | 'pruned' | 'dropped' | 'skipped'
  /**
   * Resolves with the result after it is committed; throws `RunFailedError`, or an error with code `RunCancelled`, `RunSkipped` or
   * `WaitTimedOut`; or `UnknownRun` when the run is not kept any more, or was triggered with `tx` and is not there within 30 s:
   * await it after the commit.
   */
  finished(options?: { readonly timeout?: Duration; readonly signal?: AbortSignal }): Promise<R>
}

/** Options of a trigger by a handler. */
export interface RunTriggerOptions<In = unknown> extends TriggerOptions<In> {
  /**
   * All attempts of the triggering run together make one run of (job, key), or one per name: an idempotency key that follows from
   * the run's id. It lives for `idempotencyTtl`. Default false.
   */
  readonly once?: boolean | string | undefined
}

/** The payload comes first, and may be left out when `undefined` is a valid one. */
export type TriggerArgs<In, Options = TriggerOptions<In>> = undefined extends In
  ? [payload?: In, options?: Options]
  : [payload: In, options?: Options]

/** One of `triggerMany`. */
export type TriggerItem<In, Options = TriggerOptions<In>> = Options &
  (undefined extends In ? { readonly payload?: In } : { readonly payload: In })
