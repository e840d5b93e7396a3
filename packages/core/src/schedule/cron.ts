/** `cron`: a schedule by calendar and clock. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { type Duration, formatDuration, parseDuration } from '../time/duration.ts'
import { holdsHash } from './cron-syntax.ts'
import { longestCronGap } from './longest-cron-gap.ts'
import { normaliseCron } from './normalise-cron.ts'
import { parseCron } from './parse-cron.ts'
import type { CronSpec, Schedule, ScheduleOptions, Written } from './schedule.ts'
import { checkOptionNames, makeSchedule } from './schedule-options.ts'

/**
 * A schedule by cron expression: five fields (minute, hour, day of month, month, day of week), or six with the
 * second first. Names, lists, ranges, steps, `L` (last day, `5L`: last Friday), `5#3` (third Friday), `H` (a value
 * of the job's own, in the day of month up to 28) and nicknames such as `@daily`. When day of month and day of week
 * are both restricted, either may match. `timeZone` is an IANA name, default UTC.
 *
 * An expression whose minute or hour starts with `*` fires at every real instant that matches. Any other is of the
 * fixed-time kind: a local time that a clock change skips fires once, right after the gap; one that it repeats fires
 * once, the first time. An expression that never matches (30 February) is taken and counts as exhausted.
 *
 * Throws `InvalidCron`, which gives the field, its offset in the text and the remedy, or the error of a wrong option.
 *
 * @example
 * cron('30 2 * * MON-FRI', { timeZone: 'Europe/Berlin', exclude: ['2026-12-25'] })
 */
export function cron(expression: string, options?: ScheduleOptions<undefined>): Schedule<undefined>
export function cron<const P>(expression: string, options: ScheduleOptions<P> & { readonly payload: P }): Schedule<Written<P>>
export function cron(expression: string, options: ScheduleOptions = {}): Schedule {
  checkOptionNames(options, 'cron')
  const spec: CronSpec = { kind: 'cron', expression: normaliseCron(expression) }
  if (options.jitter !== undefined) checkJitter(spec.expression, options.jitter)
  return makeSchedule(spec, options)
}

/** Jitter ends before the next slot: one that would always be cut short was meant otherwise. What an `H` will be is not known yet. */
function checkJitter(expression: string, jitter: Duration): void {
  const jitterMs = parseDuration(jitter, 'jitter')
  if (holdsHash(expression)) return
  const gapMs = longestCronGap(parseCron(expression), jitterMs)
  if (jitterMs <= gapMs) return
  const most = formatDuration(gapMs)
  throw new QuarterjackError(
    'InvalidOption',
    `jitter: ${shown(jitter)} is longer than any time between two slots of "${expression}". Give at most ${most}.`,
  )
}
