/** The wait that an endpoint asks for. Pure. */

/**
 * Milliseconds of a `Retry-After`, in seconds or as a date, counted from the answer's own `Date` where it has one, so that
 * clocks need not agree; null for none, for the past and for what is no such thing.
 */
export function retryAfterMs(retryAfter: string | null, date: string | null, now: number): number | null {
  const text = retryAfter?.trim() ?? ''
  if (/^\d+$/.test(text)) return positive(Number(text) * 1_000)
  // A date has letters; "-5" and "1.5" would pass for years.
  if (!/^[A-Za-z]{3,}/.test(text)) return null
  const at = Date.parse(text)
  const sentAt = date === null ? Number.NaN : Date.parse(date)
  return positive(at - (Number.isNaN(sentAt) ? now : sentAt))
}

function positive(ms: number): number | null {
  return Number.isFinite(ms) && ms > 0 ? ms : null
}
