/** Durations as users write them: milliseconds, or a number with a unit. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'y'

/** Milliseconds, or a string such as `'500ms' '90s' '5m' '6h' '1d' '2w' '2y'` (a year is 365 days). */
export type Duration = number | `${number}${Unit}`

const UNIT_MS: Record<Unit, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/**
 * Milliseconds of a duration, a whole number ≥ `minMs` (default 0).
 * Throws `InvalidDuration` that names `field` and the value.
 */
export function parseDuration(value: unknown, field: string, minMs = 0): number {
  const ms = toMs(value)
  if (ms === null || !Number.isSafeInteger(ms)) {
    throw new QuarterjackError(
      'InvalidDuration',
      `${field}: ${shown(value)} is not a duration. Use whole milliseconds or a string such as "500ms", "90s", "5m", "6h", "1d".`,
    )
  }
  if (ms < minMs) {
    throw new QuarterjackError('InvalidDuration', `${field}: ${shown(value)} is too short; the least is ${formatDuration(minMs)}.`)
  }
  return ms
}

/** The shortest exact text of a duration: `90000` → `'90s'`, `5400000` → `'90m'`. */
export function formatDuration(ms: number): string {
  for (const unit of ['w', 'd', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`
  }
  return `${ms}ms`
}

function toMs(value: unknown): number | null {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return null
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)$/.exec(value.trim())
  if (match === null) return null
  const ms = Number(match[1]) * UNIT_MS[match[2] as Unit]
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : null
}
