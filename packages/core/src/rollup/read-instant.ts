/** Instants as users give them to a rollup: a bare day begins at its midnight in the rollup's zone. */
import { parseDay } from '../schedule/calendar-month.ts'
import { toInstant } from '../time/instant.ts'
import { fromLocal } from '../time/zone.ts'
import { DAY_MS } from './grain.ts'
import type { Windows } from './windows.ts'

/** Throws `InvalidInstant` with `field`. */
export function readInstant({ zone }: Windows, value: unknown, field: string): number {
  const day = typeof value === 'string' ? parseDay(value) : null
  return day === null ? toInstant(value, field) : fromLocal(zone, day * DAY_MS)
}
