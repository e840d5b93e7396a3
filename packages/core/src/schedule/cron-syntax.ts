/** The six fields of a cron expression: their ranges, and what is wrong with an item of theirs, in words. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'

/** One field: its place in a six-field expression, its range, and its words. */
export interface CronFieldRule {
  readonly index: number
  readonly name: string
  readonly least: number
  readonly most: number
  readonly remedy: string
}

/** In the order of a six-field expression. */
export const CRON_FIELDS: readonly CronFieldRule[] = [
  { index: 0, name: 'second', least: 0, most: 59, remedy: 'It takes 0-59, *, lists, ranges, steps and H.' },
  { index: 1, name: 'minute', least: 0, most: 59, remedy: 'It takes 0-59, *, lists, ranges, steps and H.' },
  { index: 2, name: 'hour', least: 0, most: 23, remedy: 'It takes 0-23, *, lists, ranges, steps and H.' },
  { index: 3, name: 'day of month', least: 1, most: 31, remedy: 'It takes 1-31, *, lists, ranges, steps, H, and L for the last day.' },
  { index: 4, name: 'month', least: 1, most: 12, remedy: 'It takes 1-12 or JAN-DEC, *, lists, ranges, steps and H.' },
  {
    index: 5,
    name: 'day of week',
    least: 0,
    most: 7,
    remedy: 'It takes 0-7 (0 and 7 are Sunday) or SUN-SAT, *, lists, ranges, steps, H, 5L for the last Friday and 5#3 for the third.',
  },
]

/** The error of a wrong expression: what is wrong and what to do. */
export function invalidCron(expression: unknown, problem: string, remedy: string): QuarterjackError {
  return new QuarterjackError('InvalidCron', `expression: ${shown(expression)} is not a cron expression: ${problem}. ${remedy}`)
}

/** True for fields and expressions (in upper case) that hold an `H`. The one in `THU` is none. */
export function holdsHash(text: string): boolean {
  return /H(?!U)/.test(text)
}

/** Why one item of a list (in upper case) is wrong, in words, or null when the parser shall judge. */
export function explainItem(item: string, rule: CronFieldRule): string | null {
  if (item === '') return 'is empty'
  if (holdsHash(item)) return explainHash(item, rule)
  if (/^\d*W$|^LW$/.test(item)) return 'is not supported: W (nearest weekday) is not part of this dialect'
  if (/^L-\d+$/.test(item)) return 'is not supported: only L, the last day itself, is'
  return explainStep(item, rule) ?? explainRange(item, rule)
}

function explainHash(item: string, rule: CronFieldRule): string | null {
  const range = /^H(?:\((\d+)-(\d+)\))?(?:\/\d+|#[1-5])?$/.exec(item)
  if (range === null || (item.includes('#') && rule.index !== 5))
    return 'is not understood: H takes the forms H, H(0-29), H/15 and H(0-29)/10'
  if (range[1] === undefined) return explainStep(item, rule)
  return explainStep(item, rule) ?? explainRange(`${range[1]}-${range[2]}`, rule)
}

function explainStep(item: string, rule: CronFieldRule): string | null {
  const step = /\/(.*)$/.exec(item)?.[1]
  if (step === undefined) return null
  if (!/^\d+$/.test(step) || Number(step) === 0) return 'has a step that is not a whole number from 1'
  const size = rule.index === 5 ? 7 : rule.most - rule.least + 1
  return Number(step) > size ? `has a step longer than the field (${size}); for such intervals use every()` : null
}

function explainRange(item: string, rule: CronFieldRule): string | null {
  const [low, high] = (/^(\d+)(?:-(\d+))?(?:\/|$)/.exec(item) ?? []).slice(1)
  for (const value of [low, high]) {
    if (value !== undefined && (Number(value) < rule.least || Number(value) > rule.most))
      return `is out of range (${rule.least}-${rule.most})`
  }
  if (low === undefined || high === undefined || Number(low) <= Number(high)) return null
  return `runs backwards; write ${low}-${rule.most},${rule.least}-${high}`
}
