/** Durations as users write them, by the rules of the core. */
import * as z from 'zod/mini'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/** Whole milliseconds of a duration; null for what is none. */
export function durationMs(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)$/.exec(value.trim()) : null
  const ms = match === null ? value : Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN))
  return Number.isSafeInteger(ms) ? (ms as number) : null
}

/** The schema of a duration of at least `leastMs`, as a part of options that are checked whole. */
export function durationOption(leastMs: number): z.ZodMiniType {
  return z.unknown().check(({ value, issues }) => {
    const ms = durationMs(value)
    if (ms !== null && ms >= leastMs) return
    const found = typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value).slice(0, 100) : 'this'
    const message =
      ms === null
        ? `${found} is not a duration. Use whole milliseconds or a string such as "500ms", "90s", "5m", "6h", "1d".`
        : `${found} is too short; the least is ${leastMs} ms.`
    issues.push({ code: 'custom', input: value, message })
  })
}
