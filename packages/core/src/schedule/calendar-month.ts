/** Days and months of the proleptic Gregorian calendar as plain integers: day 0 is 1970-01-01, month 0 is January of year 0. */

/** The month of a day number. Source: Howard Hinnant, "chrono-compatible low-level date algorithms". */
export function monthOfDay(day: number): number {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0))
  const marchMonth = ((5 * dayOfYear + 2) / 153) | 0
  return (yearOfEra + era * 400) * 12 + marchMonth + 2
}

/** The day number of a month's first day. */
export function firstDayOfMonth(month: number): number {
  const sinceMarch = month - 2
  const year = Math.floor(sinceMarch / 12)
  const marchMonth = sinceMarch - year * 12
  const era = Math.floor(year / 400)
  const yearOfEra = year - era * 400
  return era * 146_097 + yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + (((153 * marchMonth + 2) / 5) | 0) - 719_468
}

/** The weekday of a day number: 0 is Sunday. */
export function weekdayOfDay(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}

/** The day number of `'2026-12-25'`, or null when there is no such day. */
export function parseDay(text: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (match === null) return null
  const month = Number(match[2])
  const day = Number(match[3])
  if (month < 1 || month > 12 || day < 1) return null
  const first = Number(match[1]) * 12 + month - 1
  const start = firstDayOfMonth(first)
  return day <= firstDayOfMonth(first + 1) - start ? start + day - 1 : null
}
