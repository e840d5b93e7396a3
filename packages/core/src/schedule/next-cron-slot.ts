/**
 * The next and the previous slot of a cron expression in a zone, by the Vixie rule: the wildcard kind fires at
 * every real instant whose local time matches; the fixed-time kind fires once for each matching local time,
 * at its first occurrence, or at the first instant after the gap that swallowed it.
 */
import { MAX_INSTANT, type Zone } from '../time/zone.ts'
import { type CronFields, nextLocalMatch, previousLocalMatch } from './cron-fields.ts'

/** More than any two offsets can differ, and than any gap is long. */
const APART_MS = 2 * 86_400_000
/** A wildcard expression can ask for nothing but local times that fall into gaps: then the search ends here. */
const MAX_STEPS = 200

/** The earliest slot > `after`, or null when there is none (the expression is exhausted). Pure. */
export function nextCronSlot(fields: CronFields, zone: Zone, after: number): number | null {
  let at = Math.floor(after / 1000) * 1000 + 1000
  for (let step = 0; step < MAX_STEPS && at <= MAX_INSTANT && at >= -MAX_INSTANT; step++) {
    const { fromAt, toAt, offsetMs, shownUntil } = zone.segmentAt(at)
    let local = at + offsetMs
    // From a segment's start the fixed-time kind also answers for the gap before it, and never for what was shown already.
    if (!fields.wildcard && (at === fromAt || local < shownUntil)) local = shownUntil
    const match = nextLocalMatch(fields, local / 1000) * 1000
    if (match < toAt + offsetMs) {
      const slot = match - offsetMs
      return atMost(Math.max(slot, fromAt))
    }
    if (match === Number.POSITIVE_INFINITY) return null
    const near = match - offsetMs - APART_MS
    at = near > toAt && toAt > at + APART_MS ? near : toAt
  }
  return null
}

/** The latest slot < `before`, or null when there is none. Pure, and the inverse of {@link nextCronSlot}. */
export function previousCronSlot(fields: CronFields, zone: Zone, before: number): number | null {
  let at = Math.ceil(before / 1000) * 1000 - 1000
  for (let step = 0; step < MAX_STEPS && at <= MAX_INSTANT && at >= -MAX_INSTANT; step++) {
    const { fromAt, offsetMs, shownUntil } = zone.segmentAt(at)
    const match = previousLocalMatch(fields, (at + offsetMs) / 1000) * 1000
    if (match >= (fields.wildcard ? fromAt + offsetMs : shownUntil)) {
      const slot = match - offsetMs
      return Math.max(slot, fromAt)
    }
    if (match === Number.NEGATIVE_INFINITY) return null
    const near = match - offsetMs + APART_MS
    at = near < fromAt && fromAt < at - APART_MS ? near : fromAt - 1000
  }
  return null
}

function atMost(slot: number): number | null {
  return slot <= MAX_INSTANT ? slot : null
}
