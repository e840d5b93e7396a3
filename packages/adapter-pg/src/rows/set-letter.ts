/** Schedules to be written, as `schedules_set` reads them: in columns of one length. */
import type { ScheduleWrite } from '@quarterjack/core/store'

/** What is sent in place of `schedules`. */
export interface SetLetter {
  readonly jobs: readonly string[]
  readonly names: readonly string[]
  readonly keys: readonly string[]
  readonly incarnations: readonly string[]
  readonly specs: readonly string[]
  readonly payloads: readonly (string | null)[]
  readonly asOfs: readonly number[]
  readonly nextSlots: readonly (number | null)[]
  readonly nextDueAts: readonly (number | null)[]
}

export function toSetLetter(schedules: readonly ScheduleWrite[]): SetLetter {
  return {
    jobs: schedules.map(({ job }) => job),
    names: schedules.map(({ name }) => name),
    keys: schedules.map(({ key }) => key),
    incarnations: schedules.map(({ incarnation }) => incarnation),
    specs: schedules.map(({ spec }) => spec),
    payloads: schedules.map(({ payload }) => payload),
    asOfs: schedules.map(({ asOf }) => asOf),
    nextSlots: schedules.map(({ nextSlot }) => nextSlot),
    nextDueAts: schedules.map(({ nextDueAt }) => nextDueAt),
  }
}
