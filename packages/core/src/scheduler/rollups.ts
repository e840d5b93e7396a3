/** What users see of rollups through the scheduler: marks, backfills, state. Types only. */
import type { StoredError } from '../errors/stored-error.ts'
import type { RollupHealth } from '../health/snapshot.ts'
import type { BackfillOptions } from '../rollup/backfill-options.ts'
import type { BackfillProgress } from '../rollup/backfill-progress.ts'
import type { Finding, RestoredRange, TargetCopy } from '../rollup/refresh-target.ts'
import type { Drift, Rollup } from '../rollup/rollup.ts'
import type { BackfillRecord, BackfillSelect, MarkKind } from '../store/window-records.ts'
import type { Duration } from '../time/duration.ts'
import type { Instant } from '../time/instant.ts'

/** A rollup, or its name. */
export type RollupRef = string | Rollup
/** A rollup, or the name of a source (a table, a stream; a rollup's name is one, too). */
export type MarkTarget = string | Rollup
/** An instant, or the half-open range `[from, to)`. */
export type MarkedTime = Instant | { readonly from: Instant; readonly to: Instant }

/** Options of `scheduler.mark`. */
export interface MarkOptions {
  /** Whether rows were only `added`, or may have left the range: `changed` or `removed`. Default `'changed'`. */
  readonly kind?: MarkKind | undefined
  /** An open transaction of the store's database: the marks are visible exactly when its data is. */
  readonly tx?: unknown | undefined
}

/** A window with something to tell: dirty, failed, suspect, held, or waiting for a backfill. */
export interface WindowView {
  readonly start: Date
  readonly end: Date
  readonly dirtySince: Date | null
  readonly refreshedAt: Date | null
  readonly attempts: number
  readonly error: StoredError | null
  readonly retryAt: Date | null
  /** Why its source looks wrong; its rows were left as they were. */
  readonly suspect: string | null
  readonly backfill: string | null
  readonly runId: string | null
}

/** What a backfill would do. */
export interface BackfillPlanView {
  readonly rollup: string
  readonly grain: string
  readonly from: Date
  readonly to: Date
  readonly select: BackfillSelect
  readonly order: 'newest' | 'oldest'
  readonly concurrency: number
  /** Windows of the range; with another `select` than `all`, at most so many are refreshed. */
  readonly windows: number
}

/** A backfill as it is shown, with its progress. */
export interface BackfillView extends BackfillProgress, Omit<BackfillPlanView, 'grain'> {
  readonly id: string
  readonly state: BackfillRecord['state']
  /** Why it was paused or cancelled. */
  readonly reason: string | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
}

/** A backfill that was asked for. It lives in the store: this value is only a hold on it. */
export interface Backfill {
  readonly id: string
  readonly rollup: string
  progress(): Promise<BackfillView>
  /** False where it was so already, or has ended. */
  pause(reason?: string): Promise<boolean>
  resume(): Promise<boolean>
  cancel(reason?: string): Promise<boolean>
  /** Resolves when it has ended, however; `onProgress` is told each time it got on. Throws `WaitTimedOut`. */
  finished(options?: {
    readonly timeout?: Duration
    readonly signal?: AbortSignal
    readonly onProgress?: (progress: BackfillView) => void
  }): Promise<BackfillView>
}

/** What a verification found. */
export interface VerifyReport {
  readonly rollup: string
  /** Windows that were recomputed; those that were dirty, held or not refreshed yet are left out, and counted. */
  readonly checked: number
  readonly leftOut: number
  readonly drift: readonly Drift[]
  /** More was found than is told. */
  readonly more: boolean
}

/** A copy of a target's rows. */
export interface RollupSnapshot extends TargetCopy {
  readonly rollup: string
  readonly from: Date
  readonly to: Date
}

/** What was put back from one. */
export interface RestoredSnapshot extends RestoredRange {
  readonly rollup: string
  readonly snapshot: string
}

/** `scheduler.rollups`. */
export interface RollupsGroup {
  /** Watermark, lag, what is dirty, failed, suspect, and what that means. Throws `UnknownRollup` for one that is not among the scheduler's. */
  state(rollup: RollupRef): Promise<RollupHealth>
  /** Windows with something to tell that begin in `[from, to)`, oldest first. At most `limit` (default 100). */
  windows(
    rollup: RollupRef,
    range?: { readonly from?: Instant; readonly to?: Instant; readonly limit?: number },
  ): Promise<readonly WindowView[]>
  /** What `backfill` would do, without doing it. */
  planBackfill(rollup: RollupRef, options: BackfillOptions): Promise<BackfillPlanView>
  /** Newest first. At most `limit` (default 50). */
  backfills(filter?: {
    readonly rollup?: RollupRef
    readonly unfinished?: boolean
    readonly limit?: number
  }): Promise<readonly BackfillView[]>
  /** A hold on a backfill that was asked for elsewhere. Throws `UnknownBackfill`. */
  backfill(id: string): Promise<Backfill>
  /**
   * Recomputes clean windows of a range (`sample` of them, default 100, spread over it) beside what the target holds. Refreshes nothing.
   * The range begins at `from`, or `last` before its end, which is `to` (exclusive) or now.
   * Throws `NotVerifiable` where the rollup's `refresh` cannot tell what should be there.
   */
  verify(
    rollup: RollupRef,
    range: { readonly from?: Instant; readonly to?: Instant; readonly last?: Duration; readonly sample?: number | 'all' },
  ): Promise<VerifyReport>
  /**
   * Copies what the target holds of windows that start in `[from, to)`, before a large backfill for instance. Throws `TargetUnknown` where
   * the rollup's `refresh` does not tell where its rows are, `TransactionsUnsupported` where it has neither a client nor the store's.
   */
  snapshot(rollup: RollupRef, range: { readonly from: Instant; readonly to: Instant }): Promise<RollupSnapshot>
  /**
   * Puts a snapshot back, in one transaction, and marks its range for the rollups that come after this one. Windows that are dirty, or
   * become so, are refreshed as ever. Throws what `snapshot` does, and `BackfillOverlaps` while a backfill of the rollup is unfinished.
   */
  restore(rollup: RollupRef, snapshot: string): Promise<RestoredSnapshot>
  /** The statements that make the target, with the types of the database. Makes nothing. Throws what `snapshot` does. */
  targetSql(rollup: RollupRef): Promise<string>
  /** What is wrong, or dear, about how the rollup reads its source. Nothing of a rollup whose `refresh` does not tell. */
  examine(rollup: RollupRef): Promise<readonly Finding[]>
}
