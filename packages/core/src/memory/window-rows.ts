/** What the memory store keeps of rollups. Rows change in place and never leave the store: callers get copies. */
import type { StoredError } from '../errors/stored-error.ts'
import type { BackfillRecord, MarkKind, SealedMarks } from '../store/window-records.ts'
import type { Heap, HeapItem } from './heap.ts'
import type { RunRow } from './rows.ts'
import type { SortedLog } from './sorted-log.ts'

/** A rollup. Fields that {@link RollupRecord} has too mean the same. */
export interface RollupRow {
  readonly name: string
  generation: number
  hash: string
  sources: readonly string[]
  edges: string
  policy: string
  startAt: number
  watermark: number
  sealed: SealedMarks | null
  pace: string | null
  /** Its exceptional windows: by start, and in that order. */
  readonly windows: Map<number, WindowRow>
  readonly ordered: SortedLog<WindowRow>
  /** Those of them that are dirty; that a run took; that are suspect. */
  readonly dirty: Set<WindowRow>
  readonly taken: Set<WindowRow>
  readonly suspects: Set<WindowRow>
  /** Its backfills that have not ended. */
  readonly backfills: Set<BackfillRow>
}

/** An exceptional window. Fields that {@link WindowRecord} has too mean the same. */
export interface WindowRow {
  readonly rollup: RollupRow
  readonly start: number
  readonly end: number
  seq: number
  dirtySince: number | null
  removed: boolean
  complete: boolean
  refreshedAt: number | null
  attempts: number
  error: StoredError | null
  retryAt: number | null
  suspect: string | null
  backfill: BackfillRow | null
  /** The last claim of it that neither a commit nor a failure has ended; it holds only while its run runs. */
  hold: WindowHold | null
}

/** How a run took a window, and what happened to the window since. */
export interface WindowHold {
  readonly run: RunRow
  readonly fence: number
  /** It was due already. */
  readonly isDue: boolean
  /** The backfill that it was stamped for when it was taken. */
  readonly backfill: BackfillRow | null
  /** When the oldest change was marked that was drained since; `null`: none was. */
  laterSince: number | null
  laterRemoved: boolean
}

/** A source of marks: a table, a stream, the rows of a rollup. */
export interface SourceRow {
  readonly name: string
  token: number
  readonly readers: Set<RollupRow>
  readonly marks: Map<number, MarkRow>
  /** Marks to be drained, the oldest first, and those whose time has not come. */
  readonly open: SortedLog<MarkRow>
  readonly parked: Heap<MarkRow>
}

/** A mark in the log. */
export interface MarkRow extends HeapItem {
  readonly id: number
  from: number
  to: number
  readonly kind: MarkKind
  readonly markedAt: number
  /** Hidden until then. */
  until: number
}

/** A backfill. Counts of what is done follow from what is stamped. */
export interface BackfillRow {
  readonly id: string
  readonly rollup: RollupRow
  readonly from: number
  readonly to: number
  readonly select: BackfillRecord['select']
  readonly order: BackfillRecord['order']
  readonly concurrency: number
  readonly windows: number
  readonly createdAt: number
  state: BackfillRecord['state']
  reason: string | null
  cursor: number
  exhausted: boolean
  stamped: number
  done: number
  failed: number
  finishedAt: number | null
  /** What is stamped and still to be done. */
  readonly pending: Set<WindowRow>
}
