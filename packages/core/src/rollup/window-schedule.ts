/** When the windows of a rollup are due, as a schedule: a slot at the end of each, due a grace later. */
import { cron } from '../schedule/cron.ts'
import { every } from '../schedule/every.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { HOUR_MS } from './grain.ts'
import type { PlanningPolicy } from './rollup.ts'
import type { Windows } from './windows.ts'

/** Zones are set in multiples of it. */
const QUARTER_MS = 15 * 60_000

/**
 * A slot wherever a window ends, and in a few odd grains (twenty-two minutes, an hour and a half) at instants between: what a
 * refresh does follows from the state of the windows, never from its slot.
 */
export function windowSchedule({ grain, zone }: Windows, { startAt, graceMs }: PlanningPolicy): Schedule<undefined> {
  const schedule = edgesOf()
  // Where the first window begins, none ends.
  const spec = { ...schedule.spec, startAt: startAt + 1, ...(graceMs === 0 ? {} : { delayMs: graceMs }) }
  return Object.freeze({ ...schedule, spec: Object.freeze(spec) })

  function edgesOf(): Schedule<undefined> {
    const { stepMs } = grain
    if (grain.kind === 'real' || QUARTER_MS % stepMs === 0) return every(stepMs)
    const expression = grain.kind === 'calendar' ? calendarCron(grain.unit, stepMs) : minutesCron(stepMs)
    return expression === null ? every(greatestCommonDivisor(stepMs, QUARTER_MS)) : cron(expression, { timeZone: zone.name })
  }
}

/** Of the fixed-time kind, as stretches of the calendar are: once in a gap, once when the clocks are set back. */
function calendarCron(unit: 'step' | 'week' | 'month', stepMs: number): string | null {
  if (unit === 'week') return '0 0 * * 1'
  if (unit === 'month') return '0 0 1 * *'
  if (stepMs % HOUR_MS !== 0) return null
  const step = stepMs / HOUR_MS
  return `0 ${Array.from({ length: 24 / step }, (_, index) => index * step).join(',')} * * *`
}

/** Of the wildcard kind, as steps of the clock are: whenever the clocks show a multiple. */
function minutesCron(stepMs: number): string | null {
  if (HOUR_MS % stepMs !== 0 || stepMs % 60_000 !== 0) return null
  return stepMs === HOUR_MS ? '0 * * * *' : `*/${stepMs / 60_000} * * * *`
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
