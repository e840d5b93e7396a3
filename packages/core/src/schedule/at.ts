/** `at`: a schedule with one slot. */
import { type Instant, toInstant } from '../time/instant.ts'
import type { AtSpec, Schedule, ScheduleOptions, Written } from './schedule.ts'
import { checkOptionNames, makeSchedule } from './schedule-options.ts'

/**
 * A schedule that is due once. An instant that lies before the schedule's registration never fires: a warning
 * is logged, and health says so. Numbers are milliseconds, not seconds.
 * Throws `InvalidInstant` or the error of a wrong option.
 *
 * @example
 * at('2027-01-01T00:00:00+01:00', { payload: { greeting: 'new year' } })
 */
export function at(instant: Instant, options?: ScheduleOptions<undefined>): Schedule<undefined>
export function at<const P>(instant: Instant, options: ScheduleOptions<P> & { readonly payload: P }): Schedule<Written<P>>
export function at(instant: Instant, options: ScheduleOptions = {}): Schedule {
  checkOptionNames(options, 'at')
  const spec: AtSpec = { kind: 'at', at: toInstant(instant, 'at') }
  return makeSchedule(spec, options)
}
