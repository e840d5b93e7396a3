/** One field of a cron expression, read by cron-parser. */
import { CronExpressionParser } from 'cron-parser'
import { CRON_FIELDS, type CronFieldRule } from './cron-syntax.ts'

/** What a field asks for. */
export interface CronField {
  /** Sorted, without duplicates; Sunday is 0. */
  readonly values: readonly number[]
  /** The field is exactly `*`. */
  readonly any: boolean
  /** The day of month has an `L`. */
  readonly lastDay: boolean
  /** Weekdays with an `L`: the last one of the month. */
  readonly lastWeekdays: readonly number[]
  /** `5#3`; 0 without. */
  readonly nthWeekday: number
}

const PROPERTIES = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const
const MAX_CACHED = 4096

const cache = new Map<string, CronField>()

/**
 * Reads a field in upper case; `seed` decides what an `H` in it becomes (in the same field, the same for all).
 * Throws cron-parser's own error. Fields are read one by one, so that a day no month has (30 February) is
 * no error here, and so that few of them need to be read at all: at most 4,096 are remembered.
 */
export function readCronField(rule: CronFieldRule, text: string, seed = ''): CronField {
  if (seed !== '') return read(rule, text, seed)
  const id = `${rule.index} ${text}`
  let field = cache.get(id)
  if (field === undefined) {
    field = read(rule, text, seed)
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
    cache.set(id, field)
  }
  return field
}

function read(rule: CronFieldRule, text: string, seed: string): CronField {
  const expression = CRON_FIELDS.map(({ index }) => (index === rule.index ? hashWithin(text, rule) : '*')).join(' ')
  // Without currentDate it reads the clock, with an empty seed H is random.
  const { fields } = CronExpressionParser.parse(expression, { hashSeed: seed || 'H', currentDate: 0, tz: 'UTC' })
  const raw = fields[PROPERTIES[rule.index] as (typeof PROPERTIES)[number]].values as readonly (number | string)[]
  const modulus = rule.index === 5 ? 7 : 60
  const numbers = raw.filter((value) => typeof value === 'number').map((value) => value % modulus)
  return {
    values: [...new Set(numbers)].sort((a, b) => a - b),
    any: text === '*',
    lastDay: rule.index === 3 && raw.includes('L'),
    lastWeekdays: rule.index === 5 ? raw.filter((value) => typeof value === 'string').map((value) => Number.parseInt(value, 10) % 7) : [],
    nthWeekday: rule.index === 5 ? fields.dayOfWeek.nthDay : 0,
  }
}

/** A bare H spreads over days that every month has, and over a week that has Sunday once. */
function hashWithin(text: string, rule: CronFieldRule): string {
  if (rule.index === 3) return text.replace(/H(?!\()/g, 'H(1-28)')
  if (rule.index === 5) return text.replace(/H(?![(U#])/g, 'H(0-6)')
  return text
}
