/** What a store keeps, seen past the engine: each store says how it is looked at. */
import type { RunRecord } from '@quarterjack/core/store'

/** A run that has ended. */
export type FinishedRun = Pick<RunRecord, 'id' | 'job' | 'key' | 'state' | 'reason' | 'slot' | 'fence' | 'attempt' | 'crashes'>

/** A schedule of intervals. */
export interface KeptSchedule {
  /** Whatever tells it from all others. */
  readonly id: string
  readonly job: string
  readonly everyMs: number
  /** There are no slots before; null for no bound. */
  readonly startAt: number | null
  readonly createdAt: number
  readonly cursor: number
  /** Null when it has no more slots. */
  readonly nextSlot: number | null
  /** Up to where records were pruned; null: nowhere. */
  readonly horizon: number | null
}

/** The record of a slot: a run, or a stretch that was skipped. */
export interface SlotEntry {
  readonly from: number
  readonly to: number
  readonly count: number
  /** Why it was skipped; null for a run. */
  readonly skipped: string | null
}

/** The looks that the judge takes. */
export interface StoreLook {
  finishedRuns(): Promise<readonly FinishedRun[]>
  schedules(): Promise<readonly KeptSchedule[]>
  /** By the id of the schedule, in no order. */
  entries(): Promise<ReadonlyMap<string, readonly SlotEntry[]>>
  /** How many runs have not ended yet. */
  countUnfinished(): Promise<number>
  /** At most twenty of those, with all that tells why. */
  unfinished(): Promise<readonly unknown[]>
}
