/** Why a schedule will never fire, in words. */
import { describeSpec } from './resolve-spec.ts'
import type { ScheduleSpec } from './schedule.ts'

/** For a spec without a slot to come. */
export function describeNoSlot(spec: ScheduleSpec): string {
  if (spec.kind !== 'at') return `${describeSpec(spec)} has no slot to come`
  const seconds = looksLikeSeconds(spec.at) ? '; instants are milliseconds, and this number looks like seconds' : ''
  return `${describeSpec(spec)} lies in the past${seconds}`
}

/** Seconds of the years 2001 to 2286 are milliseconds of early 1970. */
function looksLikeSeconds(at: number): boolean {
  return at >= 1e9 && at < 1e10
}
