/** Since when a job is known. */
import type { ScheduleRecord } from '../store/records.ts'

/** When the schedules of a job were first registered; null for a job without any. */
export function registeredSince(schedules: readonly ScheduleRecord[], job: string): number | null {
  const created = schedules.filter((one) => one.job === job).map(({ createdAt }) => createdAt)
  return created.length === 0 ? null : Math.min(...created)
}
