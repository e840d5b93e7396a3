/** What `schedules_due` answers, as the contract's records. */
import type { ScheduleRecord } from '@quarterjack/core/store'

/** Null where nothing is due. Places of jobs count from 1. */
export interface DueAnswer {
  readonly due: DueColumns | null
  /** Of jobs that were suspended; null for none. */
  readonly stretches: Readonly<Record<string, ScheduleRecord['suspendedStretches']>> | null
}

interface DueColumns {
  readonly jobs: readonly string[]
  readonly ofJob: readonly number[]
  readonly names: readonly string[]
  readonly keys: readonly string[]
  readonly incarnations: readonly string[]
  readonly generations: readonly number[]
  readonly specs: readonly string[]
  readonly payloads: readonly (string | null)[]
  readonly cursors: readonly number[]
  readonly nextSlots: readonly number[]
  readonly nextDueAts: readonly number[]
  readonly slots: readonly number[]
  readonly createdAts: readonly number[]
  /** Null for a schedule that never was suspended, pruned or changed. */
  readonly rest: readonly (DueRest | null)[]
}

type DueRest = readonly [
  suspendedStretches: ScheduleRecord['suspendedStretches'],
  folded: ScheduleRecord['folded'],
  horizon: number | null,
  history: ScheduleRecord['history'],
]

/** Earliest first. */
export function readDueSchedules(due: DueColumns | null): readonly ScheduleRecord[] {
  if (due === null) return []
  return due.names.map((name, index): ScheduleRecord => {
    const rest = due.rest[index] ?? null
    return {
      job: at(due.jobs, at(due.ofJob, index) - 1),
      name,
      key: at(due.keys, index),
      incarnation: at(due.incarnations, index),
      generation: at(due.generations, index),
      spec: at(due.specs, index),
      payload: due.payloads[index] ?? null,
      cursor: at(due.cursors, index),
      nextSlot: at(due.nextSlots, index),
      nextDueAt: at(due.nextDueAts, index),
      // What is suspended or quarantined is not due.
      suspended: null,
      suspendedStretches: rest?.[0] ?? [],
      slots: at(due.slots, index),
      folded: rest?.[1] ?? {},
      horizon: rest?.[2] ?? null,
      history: rest?.[3] ?? [],
      createdAt: at(due.createdAts, index),
      quarantined: null,
    }
  })
}

/** Columns are of one length. */
function at<T>(column: readonly T[], index: number): T {
  return column[index] as T
}
