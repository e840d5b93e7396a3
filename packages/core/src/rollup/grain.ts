/** Grains: how long the windows of a rollup are, as users write them and as stores keep them. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { type Duration, formatDuration, parseDuration } from '../time/duration.ts'

/**
 * `'15m'`, `'hour'`, `'day'`, `'week'` (from Monday), `'month'`, or a duration of at least a second. Durations that divide
 * a day follow the clocks of the zone; others are counted in real time from 1970-01-01T00:00Z, whatever the zone.
 */
export type Grain = 'hour' | 'day' | 'week' | 'month' | Duration

/**
 * A grain read. `clock`: a step of at most an hour, a window for each time that the clocks pass through it. `calendar`: a
 * stretch of the calendar, one window however long its hours are. `real`: counted from the epoch.
 */
export type ResolvedGrain =
  | { readonly kind: 'clock'; readonly text: string; readonly stepMs: number }
  | { readonly kind: 'calendar'; readonly text: string; readonly unit: 'step' | 'week' | 'month'; readonly stepMs: number }
  | { readonly kind: 'real'; readonly text: string; readonly stepMs: number }

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
const LEAST_MS = 1_000
/** The longest month. */
const MONTH_MS = 31 * DAY_MS

const MEANT: Readonly<Record<string, string>> = {
  minute: '1m',
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  '1mo': 'month',
  quarter: 'month',
  year: 'month',
}

/** The grain of a value; `text` is its one stored form. Throws `InvalidOption` that names `field`, the value and the remedy. */
export function readGrain(value: unknown, field = 'grain'): ResolvedGrain {
  if (value === 'week' || value === 'month') {
    return { kind: 'calendar', text: value, unit: value, stepMs: value === 'week' ? WEEK_MS : MONTH_MS }
  }
  const ms = value === 'hour' ? HOUR_MS : value === 'day' ? DAY_MS : stepOf(value, field)
  const text = ms === HOUR_MS ? 'hour' : ms === DAY_MS ? 'day' : formatDuration(ms)
  if (ms === WEEK_MS) throw invalid(value, field, 'Seven days from the epoch begin on Thursdays. Write "week".')
  if (DAY_MS % ms !== 0) return { kind: 'real', text, stepMs: ms }
  return ms > HOUR_MS ? { kind: 'calendar', text, unit: 'step', stepMs: ms } : { kind: 'clock', text, stepMs: ms }
}

function stepOf(value: unknown, field: string): number {
  try {
    return parseDuration(value, field, LEAST_MS)
  } catch (error) {
    const meant = typeof value === 'string' && Object.hasOwn(MEANT, value) ? MEANT[value] : undefined
    const remedy = meant === undefined ? 'Use "15m", "hour", "day", "week", "month" or a duration from "1s".' : `Write "${meant}".`
    throw invalid(value, field, remedy, error)
  }
}

function invalid(value: unknown, field: string, remedy: string, cause?: unknown): QuarterjackError {
  return new QuarterjackError('InvalidOption', `${field}: ${shown(value)} is not a grain. ${remedy}`, { cause })
}
