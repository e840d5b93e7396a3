/** Durations and instants in words, for people. */

/** `'350 ms'`, `'4.2 s'`, `'17 min'`, `'5.5 h'`, `'12 d'`. */
export function roughly(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${rounded(ms / 1_000)} s`
  if (ms < 3_600_000) return `${rounded(ms / 60_000)} min`
  if (ms < 48 * 3_600_000) return `${rounded(ms / 3_600_000)} h`
  return `${rounded(ms / 86_400_000)} d`
}

/** ISO 8601; an instant that no `Date` can hold becomes its number. */
export function isoOf(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString()
}

function rounded(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value)
}
