/** A rollup: aggregates over windows, kept fresh. Types only; `define-rollup.ts` makes one. */
import type { BoundSchedule, JobPolicy, RetryOptions, RunContext } from '../job/job.ts'
import type { Logger } from '../observe/logger.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'
import type { Grain } from './grain.ts'
import type { RefreshTarget } from './refresh-target.ts'
import type { Windows } from './windows.ts'

/** One window of a refresh, half-open. */
export interface RefreshWindow {
  readonly start: Date
  readonly end: Date
  /** A change may have taken rows away: an empty source is to be believed. Where it is false, it is suspect. */
  readonly removed: boolean
}

/** What a refresh is to recompute: `windows`, oldest first; `from` and `to` are their bounds, between which there may be gaps. */
export interface RefreshRequest {
  readonly windows: readonly RefreshWindow[]
  readonly from: Date
  readonly to: Date
}

/** What a refresh may answer. Nothing at all means that every window was refreshed. */
export interface RefreshResult {
  /** Windows whose source looks wrong (empty all of a sudden), which were left as they were; by their start. They count as refreshed, and show in health. */
  readonly suspect?: readonly { readonly start: Date; readonly reason: string }[] | undefined
}

/** What a refresh that runs in the store's own transaction knows besides. */
export interface CommittedRefresh extends RefreshResult {
  /** Starts of the windows of which a row was written or deleted: only their parents are marked. Absent: all of them. */
  readonly changed?: readonly Date[] | undefined
}

/** What a refresh gets beside its windows. `fence` grows with each claim of its windows: guard your own writes with it. */
export interface RefreshContext extends Pick<RunContext, 'signal' | 'runId' | 'job' | 'attempt' | 'fence' | 'log' | 'progress'> {
  /** The rollup's `timeout` of one refresh, in ms: for limits of your own, such as a `statement_timeout`. Null: none. */
  readonly timeoutMs: number | null
  /**
   * Runs `work` in a transaction of the store, and records the refresh as its last statement: rows and windows are committed together,
   * or neither. At most once per refresh. Throws `TransactionsUnsupported` on a store that shares no transactions, `StaleLease` where the
   * run lost its windows meanwhile.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: work that returns nothing is the usual one.
  readonly commitWith: (work: (tx: unknown) => Promise<CommittedRefresh | void>) => Promise<void>
}

/**
 * Recomputes windows. Called at least once per window that changed, and again after a failure: it must be idempotent. With `verify`, it
 * can tell what should be there.
 */
export interface Refresh {
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the usual one.
  (request: RefreshRequest, ctx: RefreshContext): RefreshResult | void | Promise<RefreshResult | void>
  readonly verify?: Verify | undefined
  /** Where its rows are, and what can be done with them. */
  readonly target?: RefreshTarget | undefined
  /** Default of the option `revision`, for functions that know what they compute. */
  readonly revision?: string | undefined
}

/** Recomputes windows beside what the target holds, writes nothing, and tells what differs. */
export type Verify = (request: RefreshRequest, ctx: VerifyContext) => Promise<readonly Drift[]>

/** What a verification gets beside its windows. */
export interface VerifyContext {
  readonly log: Logger
  /** Runs `work` in a transaction of the store, over one snapshot; it is rolled back. Throws `TransactionsUnsupported` on a store without. */
  readonly readWith: <T>(work: (tx: unknown) => Promise<T>) => Promise<T>
}

/** A row of the target that a recomputation would change. */
export interface Drift {
  /** Start of its window. */
  readonly window: Date
  /** Tells it apart in its window. */
  readonly key: string
  /** What should be there, what is; null: no row. */
  readonly expected: string | null
  readonly found: string | null
}

/** When a rollup counts as fresh. */
export interface FreshnessOptions {
  /** How far behind what is due it should be at most. Default `'5m'`. */
  readonly targetLag?: Duration | undefined
  /** Default: twice the target, at least a window of at most a day. */
  readonly warnAfter?: Duration | undefined
  /** Default: twice `warnAfter`. */
  readonly errorAfter?: Duration | undefined
}

/** Options of {@link defineRollup}. */
export interface RollupOptions {
  /** Letters, digits, `. _ : -`; 1 to 128 characters. Identity of the rollup, and of the job that refreshes it. */
  readonly name: string
  /** Length of a window. */
  readonly grain: Grain
  /** IANA name. Default `'UTC'`. */
  readonly timeZone?: string | undefined
  /** The first window is the one with this instant. A bare day (`'2025-01-01'`) begins at its midnight in `timeZone`. */
  readonly start: Instant
  /** What is marked when its data changes; several rollups may share a source. Its own name is always one. */
  readonly source?: string | readonly string[] | undefined
  /** `complete`: each change of the source is marked, so that a window without marks is empty and needs no refresh. Default `'partial'`. */
  readonly capture?: 'complete' | 'partial' | undefined
  /** A sweep beside what is due and what is marked: the lookback, and with `live` the open window. */
  readonly schedule?: Schedule<undefined> | readonly Schedule<undefined>[] | undefined
  /** One sweep per deploy. */
  readonly runOnStart?: boolean | undefined
  /** How long after its end a window is due. Default a twelfth of the window, at most `'5m'`. */
  readonly grace?: Duration | undefined
  /** Refresh the open window, too. Default false. */
  readonly live?: boolean | undefined
  /** So many of the newest due windows are refreshed with every sweep. For sources that cannot be marked. Default 0. */
  readonly lookback?: number | undefined
  /** How long after its end a change still refreshes a window. Later ones are counted. Default `'30d'`. */
  readonly allowedLateness?: Duration | undefined
  /** Windows that began longer ago are never refreshed: the source no longer holds their rows. Default: for ever. */
  readonly retain?: Duration | undefined
  /** How long marks are gathered. Default `{ wait: '5s', maxWait: '30s' }`. */
  readonly debounce?: { readonly wait: Duration; readonly maxWait?: Duration | undefined } | undefined
  /** Rollups that this one is put together from. */
  readonly after?: readonly Rollup[] | undefined
  /** Windows per refresh: at first, at most, and the time that one should take. Default `{ start: 24, most: 500, target: '1s' }`. */
  readonly batch?:
    | { readonly start?: number | undefined; readonly most?: number | undefined; readonly target?: Duration | undefined }
    | undefined
  /** Runs that refresh it at a time, over all processes; backfills have their own. Default 1. */
  readonly concurrency?: number | undefined
  /** From when on the rollup counts as late and as stale in health. */
  readonly freshness?: FreshnessOptions | undefined
  /**
   * Gathers marks longer where refreshing as they come would take more than `share` of the time, up to `most`.
   * Default `{ share: 0.5, most: '5m' }`, and not less than `debounce.maxWait`.
   */
  readonly pacing?: { readonly share?: number | undefined; readonly most?: Duration | undefined } | undefined
  /** Of each window by itself. Default 3 retries. */
  readonly retry?: RetryOptions | undefined
  /** Of one refresh. Default none. */
  readonly timeout?: Duration | undefined
  /**
   * Which version of `refresh` this is: change it with what is computed. Then older processes refresh no more while a deploy lasts.
   * Default: that of `refresh`, if it has one, as `sqlRollup` does.
   */
  readonly revision?: string | undefined
  /** Recomputes the windows that it is given, so that doing it twice changes nothing: your own function, or `sqlRollup`. */
  readonly refresh: Refresh
}

/** A defined rollup: a frozen value. */
export interface Rollup {
  readonly kind: 'rollup'
  readonly name: string
  readonly policy: RollupPolicy
}

/** What every node must know of a rollup to plan for it, whether it has its code or not; stored as text. */
export interface PlanningPolicy {
  /** The first edge. */
  readonly startAt: number
  readonly graceMs: number
  readonly isLive: boolean
  readonly isComplete: boolean
  readonly lookback: number
  readonly latenessMs: number
  readonly retainMs: number | null
  readonly waitMs: number
  readonly maxWaitMs: number
  readonly paceShare: number
  readonly paceMostMs: number
}

/** The resolved options. */
export interface RollupPolicy {
  readonly name: string
  readonly windows: Windows
  readonly planning: PlanningPolicy
  readonly sources: readonly string[]
  readonly after: readonly string[]
  readonly schedules: readonly BoundSchedule[]
  readonly runOnStart: boolean
  readonly batch: { readonly start: number; readonly most: number; readonly targetMs: number }
  readonly concurrency: number
  readonly freshness: { readonly targetLagMs: number; readonly warnAfterMs: number; readonly errorAfterMs: number }
  readonly retry: JobPolicy['retry']
  readonly timeoutMs: number | null
  readonly revision: string | null
  readonly refresh: Refresh
}
