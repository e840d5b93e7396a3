/**
 * An oracle for cron slots that shares nothing with the code under test: it steps through real time, asks `Intl` what
 * the clocks of the zone show, and applies Vixie's rule step by step. Slow and obvious.
 */
import { CronExpressionParser } from 'cron-parser'

/** Local time as epoch-like ms at an instant. */
export type LocalClock = (at: number) => number

export function localClock(timeZone: string): LocalClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  return (at) => {
    // 29/03/2026, 03:00:00
    const text = format.format(at)
    return Date.UTC(
      +text.slice(6, 10),
      +text.slice(3, 5) - 1,
      +text.slice(0, 2),
      +text.slice(12, 14),
      +text.slice(15, 17),
      +text.slice(18, 20),
    )
  }
}

/** What the clocks showed at each step of `[fromAt, toAt)`. */
export interface Walk {
  readonly fromAt: number
  readonly toAt: number
  readonly stepMs: number
  readonly local: Float64Array
}

export function walkTime(clock: LocalClock, fromAt: number, toAt: number, stepMs = 60_000): Walk {
  const local = new Float64Array(Math.ceil((toAt - fromAt) / stepMs))
  for (let index = 0; index < local.length; index++) local[index] = clock(fromAt + index * stepMs)
  return { fromAt, toAt, stepMs, local }
}

/** The slots of a five- or six-field expression without `H` within a walk. The walk's step must be a minute, or a second for six fields. */
export function slotsOfWalk(expression: string, walk: Walk): number[] {
  const matches = matcher(expression)
  const fields = expression.split(' ').slice(-5)
  const wildcard = fields[0]?.startsWith('*') || fields[1]?.startsWith('*')
  const slots: number[] = []
  let shown = walk.local[0] as number
  for (let index = 0; index < walk.local.length; index++) {
    const at = walk.fromAt + index * walk.stepMs
    const local = walk.local[index] as number
    if (wildcard) {
      if (matches(local)) slots.push(at)
      continue
    }
    let due = false
    for (let skipped = shown; skipped < local; skipped += walk.stepMs) due ||= matches(skipped)
    if (local >= shown) due ||= matches(local)
    if (due) slots.push(at)
    shown = Math.max(shown, local + walk.stepMs)
  }
  return slots
}

/** Whether a local time matches, from cron-parser's values and the calendar of `Date`. */
export function matcher(expression: string): (local: number) => boolean {
  const { fields } = CronExpressionParser.parse(expression, { tz: 'UTC', currentDate: 0 })
  const has = (values: readonly unknown[], value: number): boolean => values.includes(value)
  return (local) => {
    const date = new Date(local)
    const tomorrow = new Date(local + 86_400_000)
    const nextWeek = new Date(local + 7 * 86_400_000)
    const day = date.getUTCDate()
    const weekday = date.getUTCDay()
    if (!has(fields.second.values, date.getUTCSeconds()) || !has(fields.minute.values, date.getUTCMinutes())) return false
    if (!has(fields.hour.values, date.getUTCHours()) || !has(fields.month.values, date.getUTCMonth() + 1)) return false
    const days = fields.dayOfMonth
    const weekdays = fields.dayOfWeek
    const byDay = has(days.values, day) || (days.hasLastChar && tomorrow.getUTCDate() === 1)
    const nth = weekdays.nthDay
    const byWeekday =
      ((has(weekdays.values, weekday) || (weekday === 0 && has(weekdays.values, 7))) && (nth === 0 || Math.ceil(day / 7) === nth)) ||
      ((weekdays.values as readonly unknown[]).some((value) => value === `${weekday}L` || (weekday === 0 && value === '7L')) &&
        nextWeek.getUTCMonth() !== date.getUTCMonth())
    if (days.isWildcard) return weekdays.isWildcard || byWeekday
    return weekdays.isWildcard ? byDay : byDay || byWeekday
  }
}

/** A change of a zone's offset. */
export interface Transition {
  readonly at: number
  readonly shiftMs: number
}

/** The changes of offset in `[fromAt, toAt)`, found by steps of a day and bisection to the minute. No zone kept an offset for less than a week. */
export function findTransitions(clock: LocalClock, fromAt: number, toAt: number): readonly Transition[] {
  const found: Transition[] = []
  let offset = clock(fromAt) - fromAt
  for (let at = fromAt + 86_400_000; at < toAt; at += 86_400_000) {
    const next = clock(at) - at
    if (next === offset) continue
    let low = at - 86_400_000
    let high = at
    while (high - low > 60_000) {
      const middle = low + Math.floor((high - low) / 120_000) * 60_000
      if (clock(middle) - middle === offset) low = middle
      else high = middle
    }
    found.push({ at: high, shiftMs: next - offset })
    offset = next
  }
  return found
}
