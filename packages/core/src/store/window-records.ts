/** What the windows part of a store keeps: plain records, instants in epoch milliseconds. */
import type { StoredError } from '../errors/stored-error.ts'

/**
 * What a mark says happened to the rows of its range: they were only `added`; `changed`, so that some may have left it (updates,
 * and whatever is not known better); or `removed`. A window that is empty all of a sudden, with nothing but `added` to explain it, is suspect.
 */
export type MarkKind = 'added' | 'changed' | 'removed'

/** "Data in `[from, to)` of this source changed." An instant is the range `[at, at + 1)`; a truncation is one range over all of time. */
export interface Mark {
  /** What changed: a table, a stream, or `rollup:<name>` for the rows of a rollup. */
  readonly source: string
  readonly from: number
  readonly to: number
  readonly kind: MarkKind
}

/** A mark in the log. */
export interface MarkRecord {
  readonly id: number
  readonly from: number
  readonly to: number
  readonly kind: MarkKind
  /** When it was written, on the store's clock; kept when the mark is narrowed. */
  readonly markedAt: number
}

/** Late data of windows that are sealed: counted, never refreshed on its own. */
export interface SealedMarks {
  readonly marks: number
  /** Bounds of what they touched. */
  readonly from: number
  readonly to: number
  readonly lastAt: number
}

/** A rollup as the store knows it. */
export interface RollupRecord {
  readonly rollup: string
  /** Store-assigned; raised by each change of its definition. */
  readonly generation: number
  readonly hash: string
  /** Sources whose marks are its. */
  readonly sources: readonly string[]
  /** The text that windows are computed from. When it changes, they are other windows. */
  readonly edges: string
  /** JSON text of what else every node must agree on, whether it knows the code or not. */
  readonly policy: string
  /** Start of its first window. */
  readonly startAt: number
  /** Every window that ends at or before it was refreshed once after it fell due, or needed no refresh. Never goes back while `edges` stay. */
  readonly watermark: number
  readonly sealed: SealedMarks | null
  /** What the last batch left for the next one to know (sizes, costs): JSON text. */
  readonly pace: string | null
}

/** An exceptional window: dirty, held, failed, suspect, stamped by a backfill, or refreshed ahead of the watermark. Others have no record. */
export interface WindowRecord {
  readonly rollup: string
  readonly start: number
  readonly end: number
  /** Raised by every drain that finds it changed. */
  readonly seq: number
  /** When the oldest change that no refresh has seen was marked; `null`: clean. A window that is held, or whose refresh failed, is dirty. */
  readonly dirtySince: number | null
  /** Among those changes is one that may have taken rows away. */
  readonly removed: boolean
  /** Refreshed once by a claim that was made when it was due already. */
  readonly complete: boolean
  /** Of the last refresh that was committed. */
  readonly refreshedAt: number | null
  /** Refreshes that failed since the last one that did not. */
  readonly attempts: number
  readonly error: StoredError | null
  /** Not refreshed again before; `null` with an error: given up, until it is marked again or a backfill takes it. */
  readonly retryAt: number | null
  /** Why its source looks wrong, in words; its rows were left as they were. Until it is marked again, or a backfill takes it. */
  readonly suspect: string | null
  /** The backfill that it is stamped for. */
  readonly backfill: string | null
  /** The run that holds it, and that run's fence; `null` once the run no longer runs under this fence. */
  readonly runId: string | null
  readonly fence: number
}

/** Which windows of its range a backfill takes: never refreshed, given up, dirty, or every one. */
export type BackfillSelect = 'missing' | 'failed' | 'dirty' | 'all'

/** A requested recomputation of a range, in its own right: it outlives every process, and any number of them work on it. */
export interface BackfillRecord {
  readonly id: string
  readonly rollup: string
  readonly from: number
  readonly to: number
  readonly select: BackfillSelect
  readonly order: 'newest' | 'oldest'
  /** Runs that work on it at a time. */
  readonly concurrency: number
  readonly state: 'running' | 'paused' | 'cancelled' | 'finished'
  /** Why it was paused or cancelled, in words. */
  readonly reason: string | null
  /** Edge up to which windows were selected and stamped: from `from` upward, or from `to` downward. */
  readonly cursor: number
  /** The whole range has been looked at. */
  readonly exhausted: boolean
  /** Windows in the range, as whoever created it counted; the selected ones are at most so many. */
  readonly windows: number
  /** Of the windows that were stamped so far: all, refreshed, given up. The rest is still to be done. */
  readonly stamped: number
  readonly done: number
  readonly failed: number
  readonly createdAt: number
  readonly finishedAt: number | null
}
