/** Days, hours and weeks in UTC. */

export const HOUR_MS = 3_600_000
export const DAY_MS: number = 24 * HOUR_MS
export const WEEK_MS: number = 7 * DAY_MS

/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS

export function startOfHour(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS
}

export function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS
}

/** Midnight of the Monday before or on `at`. */
export function startOfWeek(at: number): number {
  return Math.floor((at - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS
}

/** `2026-03-02`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
