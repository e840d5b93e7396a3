/** Instants at the public edge. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'

/** A `Date`, epoch milliseconds, or an ISO 8601 text with an offset or `Z`. */
export type Instant = Date | number | string

const ISO_WITH_OFFSET = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/

/** Epoch milliseconds. A bare day (`'2026-01-31'`) is its midnight in UTC. Throws `InvalidInstant` that names `field`. */
export function toInstant(value: unknown, field: string): number {
  const at = read(value)
  if (at === null || !Number.isFinite(at) || Math.abs(at) > 8.64e15) {
    throw new QuarterjackError(
      'InvalidInstant',
      `${field}: ${shown(value)} is not an instant. Use a Date, epoch milliseconds, or ISO 8601 with an offset such as "2026-01-31T09:00:00Z".`,
    )
  }
  return Math.round(at)
}

function read(value: unknown): number | null {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !ISO_WITH_OFFSET.test(value)) return null
  // `Date.parse` rolls 30 February over into March.
  const [year = 0, month = 0, day = 0] = value.slice(0, 10).split('-').map(Number)
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate() ? Date.parse(value) : null
}
