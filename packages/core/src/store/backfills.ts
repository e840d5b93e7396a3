/** The backfills of the windows part: requested recomputations of a range, kept by the store. */
import type { EnqueueRequest } from './runs.ts'
import type { AtStoreTime, Tick } from './tick.ts'
import type { BackfillRecord, BackfillSelect } from './window-records.ts'

/** A backfill to be created. `id` makes a repeated request harmless. */
export interface BackfillRequest {
  readonly id: string
  readonly rollup: string
  readonly generation: number
  /** Edges. */
  readonly from: number
  readonly to: number
  readonly select: BackfillSelect
  readonly order: 'newest' | 'oldest'
  readonly concurrency: number
  readonly windows: number
  /** The runs that are to work on it, made in the same write. */
  readonly enqueue: readonly EnqueueRequest[]
}

/**
 * `created`; `exists`: it is the one of this `id`; `overlaps` the unfinished backfill `id` of the same rollup, which must end first;
 * `redefined`: the rollup has another generation, or is unknown.
 */
export interface BackfillReply {
  readonly status: 'created' | 'exists' | 'overlaps' | 'redefined'
  readonly id: string
}

/** The next stretch of a backfill's range, looked at: which of its windows are to be refreshed. */
export interface BackfillStamp {
  readonly id: string
  /** Compare-and-set: the present cursor. */
  readonly expected: number
  readonly cursor: number
  readonly windows: readonly { readonly start: number; readonly end: number }[]
}

/** Pausing keeps everything where it is; cancelling takes all stamps off, whoever holds the windows. */
export interface BackfillControl {
  readonly id: string
  readonly action: 'pause' | 'resume' | 'cancel'
  readonly reason: string | null
  /** With `resume`: the runs that are to work on it. */
  readonly enqueue: readonly EnqueueRequest[]
}

/** Backfills: pending is what is stamped; done is what is no longer. Nothing about progress is kept anywhere else. */
export interface BackfillStore {
  /**
   * Of a rollup, the newest 200 are kept, and for 90 days after their end: with each new one, the oldest that have ended go, at most 50 at
   * a time. Unfinished ones stay.
   */
  create(
    request: { readonly backfills: readonly BackfillRequest[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly BackfillReply[] } & Tick>

  /**
   * Stamps windows, and moves the cursor over the stretch; suspects and given-up windows among them begin anew. A refresh that was
   * claimed before has not seen what the stamp is about: its commit leaves the stamp. `stale`: the cursor moved, nothing was written.
   * `ended`: it is not running. At the end of the range it is exhausted; exhausted and with no stamp left, it is finished.
   */
  stamp(
    request: { readonly stamps: readonly BackfillStamp[] } & AtStoreTime,
  ): Promise<{ readonly replies: readonly ('stamped' | 'stale' | 'ended')[] }>

  /** False where nothing changed: unknown, at its end, or as asked already. Stamped windows of a paused one are not claimed as such. */
  control(
    request: { readonly controls: readonly BackfillControl[] } & AtStoreTime,
  ): Promise<{ readonly changed: readonly boolean[] } & Tick>

  /** By id, in the order asked, `null` for unknown ones. */
  get(request: { readonly ids: readonly string[] }): Promise<{ readonly backfills: readonly (BackfillRecord | null)[] }>

  /** Newest first. */
  find(request: { readonly rollup?: string | undefined; readonly unfinished?: boolean | undefined; readonly limit: number }): Promise<{
    readonly backfills: readonly BackfillRecord[]
  }>
}
