/** From a stored cron expression to the masks that slots are computed with. */
import type { CronFields } from './cron-fields.ts'
import { CRON_FIELDS, type CronFieldRule, holdsHash, invalidCron } from './cron-syntax.ts'
import { normaliseCron } from './normalise-cron.ts'
import { type CronField, readCronField } from './read-cron-field.ts'

const MAX_CACHED = 10_000

const cache = new Map<string, CronFields>()

/**
 * Parses a normalised expression without `H`; throws `InvalidCron` for any other. At most 10,000 are remembered.
 *
 * Whether an expression is of the wildcard kind is decided by the text of its minute and hour fields.
 * A day field counts as restricted unless it is exactly `*`.
 */
export function parseCron(expression: string): CronFields {
  let fields = cache.get(expression)
  if (fields === undefined) {
    fields = compile(expression)
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
    cache.set(expression, fields)
  }
  return fields
}

function compile(expression: string): CronFields {
  if (normaliseCron(expression) !== expression) throw invalidCron(expression, 'it is not in the stored form', 'Make schedules with cron().')
  if (holdsHash(expression)) throw invalidCron(expression, 'its H is not resolved', 'Bind the schedule to a job first.')
  const texts = expression.split(' ')
  const [second, minute, hour, day, month, weekday] = texts.map((text, index) =>
    readCronField(CRON_FIELDS[index] as CronFieldRule, text),
  ) as [CronField, CronField, CronField, CronField, CronField, CronField]
  return {
    seconds: maskOf(second.values, 0),
    secondsFrom30: maskOf(second.values, 30),
    minutes: maskOf(minute.values, 0),
    minutesFrom30: maskOf(minute.values, 30),
    hours: maskOf(hour.values, 0),
    days: maskOf(day.values, 1),
    lastDay: day.lastDay,
    anyDay: day.any,
    months: maskOf(month.values, 1),
    weekdays: maskOf(weekday.values, 0),
    nthWeekday: weekday.nthWeekday,
    lastWeekdays: maskOf(weekday.lastWeekdays, 0),
    anyWeekday: weekday.any,
    firstTime: least(hour) * 3600 + least(minute) * 60 + least(second),
    lastTime: most(hour) * 3600 + most(minute) * 60 + most(second),
    wildcard: texts[1]?.startsWith('*') === true || texts[2]?.startsWith('*') === true,
  }
}

/** Bit 0 stands for `from`. */
function maskOf(values: readonly number[], from: number): number {
  let mask = 0
  for (const value of values) if (value >= from && (from !== 0 || value < 30)) mask |= 1 << (value - from)
  return mask
}

function least(field: CronField): number {
  return field.values[0] as number
}

function most(field: CronField): number {
  return field.values.at(-1) as number
}
