/** Values as people read them: instants in ISO, durations in words, everything else as short JSON. */

/** `2026-01-01T00:00:00Z`; milliseconds only when there are some; `-` for none. */
export function formatInstant(at: Date | string | number | null): string {
  if (at === null) return '-'
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString().replace('.000Z', 'Z')
}

/** `320 ms`, `1.2 s`, `4 m 10 s`, `2 h 5 m`, `3 d 4 h`; `-` for none. Rounded to what a person needs. */
export function formatElapsed(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 0) return `-${formatElapsed(-ms)}`
  if (Math.round(ms) < 1_000) return `${ms > 0 && ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
  const tenths = Math.round(ms / 100) / 10
  if (tenths < 60) return `${tenths} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return twoUnits(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
  const hours = Math.round(minutes / 60)
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** Compact JSON; the empty text for `null` and `undefined`. */
export function formatValue(value: unknown): string {
  return value === null || value === undefined ? '' : JSON.stringify(value)
}

/** `1 run`, `2 runs`. */
export function formatCount(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`
}

function twoUnits(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`
}
