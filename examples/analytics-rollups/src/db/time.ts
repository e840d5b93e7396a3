/** Days and hours in UTC. */

export const HOUR_MS = 3_600_000
export const DAY_MS: number = 24 * HOUR_MS

export function startOfHour(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS
}

export function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS
}

/** `2026-03-02`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
