/** The windows part of the contract, for stores that declare `windows`: rollups, marks, refreshes, backfills. */
import type { StoredError } from '../errors/stored-error.ts'
import type { BackfillStore } from './backfills.ts'
import type { EnqueueRequest } from './runs.ts'
import type { AtStoreTime, Tick } from './tick.ts'
import type { Mark, MarkRecord, RollupRecord, WindowRecord } from './window-records.ts'

/** A rollup's definition to be written. */
export interface RollupDefinition {
  readonly rollup: string
  readonly hash: string
  /** The generation that was loaded; 0 for a rollup the store did not know. */
  readonly expectedGeneration: number
  readonly sources: readonly string[]
  readonly edges: string
  readonly policy: string
  /** Where the watermark begins. Given again it changes nothing, unless `edges` changed. */
  readonly startAt: number
  /** Appended to the log in the same write where it is `defined`: what it reads, and was not marked for. Absent: none. */
  readonly marks?: readonly Mark[] | undefined
}

/** What was asked of a rollup that was defined anew since, or of a source that was drained since, is `stale`: nothing was written, look again. */
export interface DefineReply {
  readonly status: 'defined' | 'unchanged' | 'stale'
  readonly generation: number
}

/** A source with marks to be drained, and every rollup that reads it, whichever node knows its code. */
export interface MarkedSource {
  readonly source: string
  /** Changes with each drain of the source, and each change of a definition that reads it. */
  readonly token: string
  readonly rollups: readonly RollupRecord[]
  /** Oldest first; parked ones whose instant has not come are left out. */
  readonly marks: readonly MarkRecord[]
  /** `limit` cut them. */
  readonly more: boolean
}

/** A window that marks were mapped to. */
export interface DirtyWindow {
  readonly rollup: string
  readonly start: number
  readonly end: number
}

/** Marks that dirty the same windows, of all rollups. Digested whole or not at all. */
export interface MarkGroup {
  /** Ids of the marks that are digested; none if the only one is `narrowed`. */
  readonly marks: readonly number[]
  /** Of the oldest of them. */
  readonly markedAt: number
  /** One of them may have taken rows away. */
  readonly removed: boolean
  readonly windows: readonly DirtyWindow[]
}

/** What becomes of the marks of one source. Marks that it does not name stay as they are. */
export interface Drain {
  readonly source: string
  /** Compare-and-set: of the `collect` that it was made from. */
  readonly token: string
  readonly groups: readonly MarkGroup[]
  /** About the future: hidden until the instant. */
  readonly parked: readonly { readonly id: number; readonly until: number }[]
  /** What is left of a range that is too wide for one drain. */
  readonly narrowed: readonly { readonly id: number; readonly from: number; readonly to: number }[]
  /** Late data of sealed windows, to be added to the rollup's count: `marks` by their ids, those that are left not yet. */
  readonly sealed: readonly { readonly rollup: string; readonly marks: readonly number[]; readonly from: number; readonly to: number }[]
  /** Runs to be made in the same write: those that will refresh what became dirty. */
  readonly enqueue: readonly EnqueueRequest[]
}

/**
 * `drained`; or `stale`: the token is not the source's, nothing was written. `left`: marks that stay in the log for the next drain,
 * because a window of theirs could not be written without waiting for a refresh.
 */
export interface DrainReply {
  readonly status: 'drained' | 'stale'
  readonly left: readonly number[]
}

/** The run that works on windows of a rollup, as it knows the definition. */
export interface Refresher {
  readonly rollup: string
  readonly generation: number
  readonly runId: string
  /** Of the run's claim. */
  readonly fence: number
}

/** One window to be claimed. */
export interface WindowBid {
  readonly start: number
  readonly end: number
  /** End and grace: a refresh that is claimed from here on completes the window. */
  readonly dueAt: number
  /**
   * Taken only if it still is so: `dirty`; `missing`: ends after the watermark and is not complete; `stamped` by a backfill
   * that is running; `any`: whatever it is.
   */
  readonly when: 'dirty' | 'missing' | 'stamped' | 'any'
}

/** Claims of windows, for one run. */
export interface WindowClaim extends Refresher {
  readonly windows: readonly WindowBid[]
}

/** A window that the run holds now. `seq` tells what its refresh will have seen. */
export interface ClaimedWindow {
  readonly start: number
  readonly end: number
  readonly seq: number
  readonly removed: boolean
}

/** Why nothing of a run was written: it no longer runs under its fence; or the rollup has another generation, or is unknown. */
export type RefresherRefusal = 'stale' | 'redefined'

/** In the order asked, without those that others hold, or that are no longer as the bid said. */
export interface WindowClaimReply {
  readonly status: 'claimed' | RefresherRefusal
  readonly windows: readonly ClaimedWindow[]
}

/** Refreshed windows to be recorded: all of them, or none. */
export interface WindowCommit extends Refresher {
  readonly windows: readonly {
    readonly start: number
    /** As it was claimed: changes that were drained since leave the window dirty. */
    readonly seq: number
    /** Its source looked wrong, and its rows were left alone: why. Absent: refreshed. */
    readonly suspect?: string | undefined
  }[]
  /**
   * For the parents, written before the windows are clean: the rows of these windows may have changed. Those of sources that no rollup
   * reads are left out: whoever comes to read them later begins with all of its windows.
   */
  readonly marks: readonly Mark[]
  readonly pace?: string | undefined
}

/**
 * `stale` too when a window is not held by the run. The same commit twice is `committed` twice, while the run lasts, whatever it
 * committed since; but not while it holds only some of the windows again: of those, nothing is recorded yet.
 */
export interface WindowCommitReply {
  readonly status: 'committed' | RefresherRefusal
  readonly watermark: number | null
}

/** Windows whose refresh failed; they are no longer held. */
export interface WindowFailure extends Refresher {
  readonly windows: readonly {
    readonly start: number
    readonly error: StoredError
    /** `null`: given up. */
    readonly retryDelayMs: number | null
  }[]
  readonly pace?: string | undefined
}

/** Windows that need no refresh: empty because nothing was ever marked in them, or older than what is kept. */
export interface WindowPass {
  readonly rollup: string
  readonly generation: number
  /** Compare-and-set: the present watermark. */
  readonly expected: number
  readonly through: number
  /** They are past what is kept: records of theirs go, unless they are held. */
  readonly expired: boolean
}

/** What planning needs to know of a rollup. */
export interface RollupState {
  readonly record: RollupRecord
  /** Dirty windows that nobody holds, that were not given up, are not suspect, and whose `retryAt` has come; oldest change first. */
  readonly dirty: readonly WindowRecord[]
  /** Records that start at or after the watermark, by start. */
  readonly ahead: readonly WindowRecord[]
  /** `limit` cut `ahead`: behind its last record, nothing is known. */
  readonly more: boolean
  /** All dirty windows, given up ones and suspects included; and of all records. A store may stop counting each at 10,000. */
  readonly counts: { readonly dirty: number; readonly held: number; readonly failed: number; readonly suspect: number }
  /** Oldest change that no refresh has seen, undrained marks of its sources included; parked ones are not. */
  readonly oldestMarkAt: number | null
  /** Marks of its sources wait to be drained; parked ones do not count. */
  readonly hasMarks: boolean
  /** Earliest `retryAt` that lies ahead. */
  readonly nextRetryAt: number | null
}

/** Rollups, their marks, the state of their windows. */
export interface WindowStore {
  /**
   * Writes definitions, each by compare-and-set on its generation. A rollup is created with the watermark `startAt`. Where `edges`
   * changed, the windows are other ones: their records go, unfinished backfills are cancelled, the watermark begins at `startAt` again.
   */
  define(request: { readonly rollups: readonly RollupDefinition[] } & AtStoreTime): Promise<{ readonly replies: readonly DefineReply[] }>

  /**
   * Forgets rollups, with their windows and backfills; marks stay for the others. False where none is there, or where it is left as it
   * is since a live owner declares the job of its name.
   */
  forget(request: { readonly rollups: readonly string[] } & AtStoreTime): Promise<{ readonly forgotten: readonly boolean[] }>

  /**
   * Appends to the log of marks; never refuses, waits for or merges with another mark. With `tx`, in the caller's transaction:
   * visible exactly when the data is. Without, to be called after the data is committed: at least once. Marks of a source that
   * no rollup reads are kept.
   */
  mark(request: { readonly marks: readonly Mark[]; readonly tx?: unknown } & AtStoreTime): Promise<Tick>

  /**
   * Reads marks to be drained, at most `limit` over all sources, which take turns; those of sources that no rollup reads are left out.
   * `nextMarkAt`: when the next parked mark comes up.
   */
  collect(
    request: { readonly sources?: readonly string[] | undefined; readonly limit: number } & AtStoreTime,
  ): Promise<{ readonly sources: readonly MarkedSource[]; readonly nextMarkAt: number | null } & Tick>

  /**
   * Digests marks: deletes those of `groups` and dirties their windows in one write, per drain. A window's `seq` is raised once for
   * each group that has it; what had been given up or was suspect begins anew. Windows of rollups that are gone are ignored. Never waits for a refresh.
   */
  drain(request: { readonly drains: readonly Drain[] } & AtStoreTime): Promise<{ readonly replies: readonly DrainReply[] } & Tick>

  /**
   * Takes windows for a run that is `running` under its fence. A window is held while that lasts: when the attempt ends, is abandoned
   * or claimed anew, it is free, and dirty until a refresh of it is committed. What the run holds already it is given again, and it stays
   * as it was taken: whether it was due, its stamp, and what was drained since; so that a first try may come late. Takes over what
   * expired owners left first.
   */
  claim(
    request: { readonly claims: readonly WindowClaim[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly WindowClaimReply[] } & Tick>

  /**
   * Records refreshes: the windows are clean, unless changes were drained since their claim; stamps that they had when they were
   * claimed are taken off and counted; the watermark moves over what is complete. A suspect window counts as refreshed, and shows.
   */
  commit(
    request: { readonly commits: readonly WindowCommit[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly WindowCommitReply[] } & Tick>

  /**
   * Stores with `transactions`: runs `work` in a transaction of the store, and records the refresh that it returns as the last statement
   * before COMMIT, by the rules of `commit`: rows and state are committed together, or neither. A refusal rolls back, and is the reply; a refresh
   * that was recorded before rolls back as well, and is `committed`: others may have the windows since;
   * an error of `work` rolls back, and is thrown. Once `signal` has aborted, nothing is committed any more: what the server is doing for
   * `work` is stopped where the store can, and the signal's reason is thrown. `withinMs`: how long a server goes on for a process that
   * froze within it, at least.
   */
  commitWith?(
    request: {
      readonly work: (tx: unknown) => Promise<WindowCommit>
      readonly signal?: AbortSignal | undefined
      readonly withinMs?: number | undefined
    } & AtStoreTime,
  ): Promise<{ readonly reply: WindowCommitReply } & Tick>

  /** Stores with `transactions`: runs `work` in a transaction of the store, over one snapshot; it is rolled back. */
  readWith?<T>(request: { readonly work: (tx: unknown) => Promise<T> }): Promise<{ readonly value: T }>

  /** Stores with `transactions`: runs `work` in a transaction of the store, and commits it; an error of `work` rolls back, and is thrown. */
  writeWith?<T>(request: { readonly work: (tx: unknown) => Promise<T> }): Promise<{ readonly value: T }>

  /** Records failures: `failed`, or why nothing was written. The same failure twice is `failed` twice, while the run lasts. A stamped window that is given up counts as failed in its backfill. */
  fail(
    request: { readonly failures: readonly WindowFailure[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly ('failed' | RefresherRefusal)[] } & Tick>

  /** Moves watermarks over windows that need no refresh; false if another moved it, or a record that is not complete stands in the way. */
  pass(request: { readonly passes: readonly WindowPass[] } & AtStoreTime): Promise<{ readonly passed: readonly boolean[] }>

  /** What planning needs; `null` for a rollup that is unknown. `after`: only records of `ahead` that start after it. */
  state(
    request: {
      readonly rollups: readonly { readonly rollup: string; readonly limit: number; readonly after?: number | undefined }[]
    } & AtStoreTime,
  ): Promise<{ readonly states: readonly (RollupState | null)[] } & Tick>

  /** Records of windows in `[from, to)`, by start; of one backfill, if given. */
  list(request: {
    readonly rollup: string
    readonly from: number
    readonly to: number
    readonly backfill?: string | undefined
    readonly limit: number
  }): Promise<{ readonly windows: readonly WindowRecord[] }>

  readonly backfills: BackfillStore
}
