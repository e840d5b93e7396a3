/** How far apart the slots of a cron expression lie at most, by the calendar alone: clock changes of a zone are left out. */
import { type CronFields, nextLocalMatch, nextTime } from './cron-fields.ts'

const DAY_S = 86_400
/** Eight years, where every day matches; the rarer the days, the more years. All distances of weeks, months and leap years are among them. */
const MOST_DAYS = 3_000

/** The longest time between two slots, or the first one found that is not shorter than `enoughMs`. Infinite when there are not two. Pure. */
export function longestCronGap(fields: CronFields, enoughMs: number): number {
  let day = dayFrom(fields, 0)
  if (day === Number.POSITIVE_INFINITY) return day
  let longestS = 0
  for (let time = fields.firstTime; time < fields.lastTime && longestS * 1000 < enoughMs; ) {
    const next = nextTime(fields, time + 1)
    longestS = Math.max(longestS, next - time)
    time = next
  }
  for (let step = 0; step < MOST_DAYS && longestS * 1000 < enoughMs; step++) {
    const next = dayFrom(fields, day + 1)
    longestS = Math.max(longestS, (next - day) * DAY_S - fields.lastTime + fields.firstTime)
    day = next
  }
  return longestS * 1000
}

/** The first matching day ≥ `day`. */
function dayFrom(fields: CronFields, day: number): number {
  return Math.floor(nextLocalMatch(fields, day * DAY_S) / DAY_S)
}
