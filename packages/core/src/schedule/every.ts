/** `every`: a schedule in equal steps of real time. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { type Duration, formatDuration, parseDuration } from '../time/duration.ts'
import { type Instant, toInstant } from '../time/instant.ts'
import type { EverySpec, Schedule, ScheduleOptions, Written } from './schedule.ts'
import { checkOptionNames, makeSchedule } from './schedule-options.ts'

/** Options of {@link every}. */
export interface EveryOptions<P = unknown> extends ScheduleOptions<P> {
  /**
   * Slots are the anchor plus or minus whole steps. `'epoch'` (default): 1970-01-01T00:00Z, so that `6h` means 0, 6, 12
   * and 18 o'clock UTC. `'registration'`: when the schedule was first registered; it is stored, so that replicas and
   * restarts agree. Or an instant; use `start` to have no slots before it.
   */
  readonly anchor?: 'epoch' | 'registration' | Instant
  /** With `anchor: 'registration'`: rounds the anchor down to a multiple of this since 1970-01-01T00:00Z. */
  readonly align?: Duration
}

/**
 * A schedule by interval: any whole number of milliseconds from 1. It runs through real time: clock changes of a zone
 * do not touch it. Throws `InvalidDuration`, `InvalidInstant` or `InvalidOption`, which name the field.
 *
 * @example
 * every('6h', { anchor: 'registration', align: '1h' }) // started at 14:23: the next slot is 20:00
 */
export function every(interval: Duration, options?: EveryOptions<undefined>): Schedule<undefined>
export function every<const P>(interval: Duration, options: EveryOptions<P> & { readonly payload: P }): Schedule<Written<P>>
export function every(interval: Duration, options: EveryOptions = {}): Schedule {
  checkOptionNames(options, 'every', ['anchor', 'align'])
  const anchor = options.anchor ?? 'epoch'
  if (options.align !== undefined && anchor !== 'registration') {
    throw new QuarterjackError('InvalidOption', `align: it rounds a registration anchor only. Add anchor: 'registration', or leave it out.`)
  }
  const spec: EverySpec = {
    kind: 'every',
    everyMs: parseDuration(interval, 'every', 1),
    anchorAt: anchor === 'epoch' ? 0 : anchor === 'registration' ? anchor : toInstant(anchor, 'anchor'),
    ...(options.align === undefined ? {} : { alignMs: parseDuration(options.align, 'align', 1) }),
  }
  const jitterMs = options.jitter === undefined ? 0 : parseDuration(options.jitter, 'jitter')
  if (jitterMs > spec.everyMs) {
    const most = formatDuration(spec.everyMs)
    throw new QuarterjackError('InvalidOption', `jitter: ${shown(options.jitter)} is longer than the interval. Give at most ${most}.`)
  }
  return makeSchedule(spec, options)
}
