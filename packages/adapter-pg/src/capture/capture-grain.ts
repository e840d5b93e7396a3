/** How finely marks tell where something changed. Never wrong, only dearer: a mark that reaches into two windows marks both. */
import type { Rollup } from '@quarterjack/core'
import { QuarterjackError } from '@quarterjack/core/store'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** No zone of today is off the quarter hour. */
const QUARTER_MS = 900_000
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: HOUR_MS, d: DAY_MS }

/** Throws `InvalidOption`. */
export function readCaptureGrain(grain: string | number): number {
  const ms = grain === 'hour' ? HOUR_MS : grain === 'day' ? DAY_MS : toMs(grain)
  if (Number.isInteger(ms) && ms >= 1_000 && ms <= DAY_MS) return ms
  throw new QuarterjackError(
    'InvalidOption',
    `captureChanges: grain: ${JSON.stringify(grain)} is not usable. Use "15m", "hour", "day" or a duration from "1s" to "1d".`,
  )
}

/** The coarsest that fits into the windows of all; null for none. */
export function finestGrain(rollups: readonly Rollup[]): number | null {
  return rollups.map(stepOf).reduce<number | null>((finest, step) => (finest === null ? step : divisor(finest, step)), null)
}

/** Windows are unions of such steps, counted from the epoch. */
function stepOf({ policy: { windows } }: Rollup): number {
  const { grain, zone } = windows
  const step = grain.kind === 'calendar' ? Math.min(grain.stepMs, DAY_MS) : grain.stepMs
  const within = divisor(step, DAY_MS)
  return grain.kind === 'real' || zone.name === 'UTC' ? within : divisor(within, QUARTER_MS)
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}

function toMs(value: string | number): number {
  if (typeof value === 'number') return value
  const match = /^(\d+)\s*(s|m|h|d)$/.exec(value.trim())
  return match === null ? Number.NaN : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN)
}
