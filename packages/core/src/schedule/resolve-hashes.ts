/** Replaces the `H` of a normalised cron expression by the values that belong to a job. */
import { CRON_FIELDS, type CronFieldRule, holdsHash } from './cron-syntax.ts'
import { readCronField } from './read-cron-field.ts'

/**
 * The expression with every `H` resolved from `job`, its seed: the same on every node, and spread over jobs.
 * An `H` field becomes the list of its values, hence fires as that list would: `H/15` as `7,22,37,52`,
 * which does not start with `*`. Only a field that already starts with `*` still does.
 */
export function resolveHashes(expression: string, job: string): string {
  if (!holdsHash(expression)) return expression
  return expression
    .split(' ')
    .map((text, index) => (holdsHash(text) ? resolveField(CRON_FIELDS[index] as CronFieldRule, text, job) : text))
    .join(' ')
}

function resolveField(rule: CronFieldRule, text: string, job: string): string {
  const nth = /#[1-5]$/.exec(text)?.[0] ?? ''
  const items = text.split(',')
  const plain = items.filter((item) => !holdsHash(item))
  const fixed = plain.length === 0 ? null : readCronField(rule, plain.join(','))
  const hashed = new Set(items.filter(holdsHash).flatMap((item) => readCronField(rule, item, job).values))
  const added = [...hashed].filter((value) => fixed === null || !fixed.values.includes(value))
  if (text.startsWith('*')) return [...plain, ...added].join(',')
  const marks = [...(fixed?.lastDay ? ['L'] : []), ...(fixed?.lastWeekdays ?? []).map((weekday) => `${weekday}L`)]
  return [...[...(fixed?.values ?? []), ...added].sort((a, b) => a - b), ...marks].join(',') + nth
}
