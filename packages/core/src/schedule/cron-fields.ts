/** The parsed fields of a cron expression as bit masks, and the search for matching local times. No zones here. */
import { firstDayOfMonth, monthOfDay, weekdayOfDay } from './calendar-month.ts'

/** What an expression asks for. Of two masks, the first holds 0–29 and the second 30–59, each from bit 0 up. */
export interface CronFields {
  readonly seconds: number
  readonly secondsFrom30: number
  readonly minutes: number
  readonly minutesFrom30: number
  readonly hours: number
  /** Bit 0 is the 1st. */
  readonly days: number
  /** `L`: the last day of the month. */
  readonly lastDay: boolean
  /** The field is `*`: the day of the week alone decides. */
  readonly anyDay: boolean
  /** Bit 0 is January. */
  readonly months: number
  /** Bit 0 is Sunday. */
  readonly weekdays: number
  /** `5#3`: only this occurrence in the month; 0 for every one. */
  readonly nthWeekday: number
  /** `5L`: the last one of each of these weekdays in the month. */
  readonly lastWeekdays: number
  /** The field is `*`: the day of the month alone decides. */
  readonly anyWeekday: boolean
  /** First and last matching second of a day. */
  readonly firstTime: number
  readonly lastTime: number
  /** The minute or hour field starts with `*`: it fires on every real minute that matches. Otherwise it is of the fixed-time kind. */
  readonly wildcard: boolean
}

const DAY_S = 86_400
/** The calendar repeats after 400 years: what does not match in one such period never does. */
const CALENDAR_MONTHS = 400 * 12

/** The first matching local time ≥ `local` (epoch-like seconds), or Infinity when no day ever matches. */
export function nextLocalMatch(fields: CronFields, local: number): number {
  const day = Math.floor(local / DAY_S)
  let month = monthOfDay(day)
  let first = firstDayOfMonth(month)
  let mask = matchingDays(fields, month, first)
  const index = day - first
  if (((mask >>> index) & 1) === 1) {
    const time = nextTime(fields, local - day * DAY_S)
    if (time >= 0) return day * DAY_S + time
  }
  mask &= -1 << (index + 1)
  for (let step = 0; mask === 0; step++) {
    if (step > CALENDAR_MONTHS) return Number.POSITIVE_INFINITY
    month++
    if (!asksForMonth(fields, month)) continue
    first = firstDayOfMonth(month)
    mask = matchingDays(fields, month, first)
  }
  return (first + lowestBit(mask)) * DAY_S + fields.firstTime
}

/** The last matching local time ≤ `local` (epoch-like seconds), or -Infinity when no day ever matches. */
export function previousLocalMatch(fields: CronFields, local: number): number {
  const day = Math.floor(local / DAY_S)
  let month = monthOfDay(day)
  let first = firstDayOfMonth(month)
  let mask = matchingDays(fields, month, first)
  const index = day - first
  if (((mask >>> index) & 1) === 1) {
    const time = previousTime(fields, local - day * DAY_S)
    if (time >= 0) return day * DAY_S + time
  }
  mask &= (1 << index) - 1
  for (let step = 0; mask === 0; step++) {
    if (step > CALENDAR_MONTHS) return Number.NEGATIVE_INFINITY
    month--
    if (!asksForMonth(fields, month)) continue
    first = firstDayOfMonth(month)
    mask = matchingDays(fields, month, first)
  }
  return (first + highestBit(mask)) * DAY_S + fields.lastTime
}

/** The first matching second of a day ≥ `time`, or -1. */
export function nextTime(fields: CronFields, time: number): number {
  const hour = (time / 3600) | 0
  if (((fields.hours >>> hour) & 1) === 1) {
    const minute = ((time - hour * 3600) / 60) | 0
    if (inHour(fields, minute)) {
      const second = nextOf60(fields.seconds, fields.secondsFrom30, time % 60)
      if (second >= 0) return hour * 3600 + minute * 60 + second
    }
    const later = nextOf60(fields.minutes, fields.minutesFrom30, minute + 1)
    if (later >= 0) return hour * 3600 + later * 60 + (fields.firstTime % 60)
  }
  const laterHours = fields.hours & (-1 << (hour + 1))
  return laterHours === 0 ? -1 : lowestBit(laterHours) * 3600 + (fields.firstTime % 3600)
}

/** The last matching second of a day ≤ `time`, or -1. */
export function previousTime(fields: CronFields, time: number): number {
  const hour = (time / 3600) | 0
  if (((fields.hours >>> hour) & 1) === 1) {
    const minute = ((time - hour * 3600) / 60) | 0
    if (inHour(fields, minute)) {
      const second = previousOf60(fields.seconds, fields.secondsFrom30, time % 60)
      if (second >= 0) return hour * 3600 + minute * 60 + second
    }
    const earlier = previousOf60(fields.minutes, fields.minutesFrom30, minute - 1)
    if (earlier >= 0) return hour * 3600 + earlier * 60 + (fields.lastTime % 60)
  }
  const earlierHours = fields.hours & ((1 << hour) - 1)
  return earlierHours === 0 ? -1 : highestBit(earlierHours) * 3600 + (fields.lastTime % 3600)
}

function inHour(fields: CronFields, minute: number): boolean {
  return ((minute < 30 ? fields.minutes >>> minute : fields.minutesFrom30 >>> (minute - 30)) & 1) === 1
}

function asksForMonth(fields: CronFields, month: number): boolean {
  const index = ((month % 12) + 12) % 12
  return ((fields.months >>> index) & 1) === 1
}

/** The matching days of a month, bit 0 for the 1st. Day of month OR day of week when both are restricted. */
function matchingDays(fields: CronFields, month: number, first: number): number {
  if (!asksForMonth(fields, month)) return 0
  const length = firstDayOfMonth(month + 1) - first
  const all = length === 31 ? 0x7fffffff : (1 << length) - 1
  if (fields.anyDay && fields.anyWeekday) return all
  const byDay = fields.lastDay ? fields.days | (1 << (length - 1)) : fields.days
  if (fields.anyWeekday) return byDay & all
  const byWeekday = matchingWeekdays(fields, weekdayOfDay(first), length)
  return (fields.anyDay ? byWeekday : byDay | byWeekday) & all
}

function matchingWeekdays(fields: CronFields, firstWeekday: number, length: number): number {
  let mask = spread(fields.weekdays, firstWeekday)
  if (fields.nthWeekday > 0) mask &= 0x7f << ((fields.nthWeekday - 1) * 7)
  if (fields.lastWeekdays !== 0) mask |= spread(fields.lastWeekdays, firstWeekday) & (0x7f << (length - 7))
  return mask
}

/** Weekdays (bit 0 is Sunday) as days of a month that begins on `firstWeekday`. */
function spread(weekdays: number, firstWeekday: number): number {
  const week = ((weekdays >>> firstWeekday) | (weekdays << (7 - firstWeekday))) & 0x7f
  return week | (week << 7) | (week << 14) | (week << 21) | (week << 28)
}

function nextOf60(low: number, high: number, from: number): number {
  if (from < 30) {
    const rest = low & (-1 << from)
    if (rest !== 0) return lowestBit(rest)
    return high === 0 ? -1 : 30 + lowestBit(high)
  }
  const rest = high & (-1 << (from - 30))
  return rest === 0 ? -1 : 30 + lowestBit(rest)
}

function previousOf60(low: number, high: number, from: number): number {
  if (from >= 30) {
    const rest = high & ((1 << (from - 29)) - 1)
    if (rest !== 0) return 30 + highestBit(rest)
    return low === 0 ? -1 : highestBit(low)
  }
  const rest = from < 0 ? 0 : low & ((1 << (from + 1)) - 1)
  return rest === 0 ? -1 : highestBit(rest)
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask)
}

function highestBit(mask: number): number {
  return 31 - Math.clz32(mask)
}
