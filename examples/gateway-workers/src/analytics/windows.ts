/** Which hours and days are counted anew: the last ones that are over, so that late events still count. Pure. */
import { DAY_MS, HOUR_MS, startOfDay, startOfHour } from '../db/time.ts'

/** From `from` to before `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The last 24 whole hours. */
export function hoursToCount(at: number): Span {
  const to = startOfHour(at)
  return { from: to - 24 * HOUR_MS, to }
}

/** The last three whole days. */
export function daysToCount(at: number): Span {
  const to = startOfDay(at)
  return { from: to - 3 * DAY_MS, to }
}
