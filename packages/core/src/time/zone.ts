/** Time zones as segments of constant offset, found with `Intl` (the platform's own tz data) and cached per zone and year. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { meantZone } from './meant-zone.ts'

/** The largest instant a `Date` can hold; its negative is the smallest. */
export const MAX_INSTANT: number = 8.64e15

/** A stretch of real time `[fromAt, toAt)` with one offset. Segments are also cut where a UTC year ends. */
export interface ZoneSegment {
  readonly fromAt: number
  readonly toAt: number
  /** Local time minus UTC, a whole number of seconds in ms. */
  readonly offsetMs: number
  /**
   * The local time (epoch-like ms) up to which the zone's clocks had run when this segment began. Below the
   * segment's first local time there is a gap between the two; above it, local times up to here repeat.
   */
  readonly shownUntil: number
}

/** A validated zone. Lookups are cached, pure, and never read a clock. */
export interface Zone {
  readonly name: string
  /** The segment that contains the instant `at`. */
  segmentAt(at: number): ZoneSegment
}

const DAY_MS = 86_400_000
/** Since 1970 no zone kept an offset for less than 7 days, so that no change can hide between two probes. */
const PROBE_MS = 3.5 * DAY_MS
/** Longer than the largest step of any zone's clocks (24 hours at the date line). */
const MARGIN_MS = 2 * DAY_MS
/** Outside of these years every zone is taken to keep the offset it has at their start and end. */
const FIRST_YEAR = 1000
const LAST_YEAR = 9999
const MAX_ZONES = 512
const MAX_YEARS_PER_ZONE = 64

const zones = new Map<string, Zone>()

/**
 * The zone of an IANA name, as the running Node knows it (letter case does not matter).
 * Throws `InvalidTimeZone` that names `field` and the value. At most 512 zones are kept.
 */
export function findZone(name: unknown, field = 'timeZone'): Zone {
  const known = zones.get(name as string)
  if (known !== undefined) return known
  const zone = createZone(checkName(name, field), field)
  if (zones.size >= MAX_ZONES) zones.delete(zones.keys().next().value as string)
  zones.set(zone.name, zone)
  return zone
}

/** Local time minus UTC at an instant, in ms. */
export function offsetAt(zone: Zone, at: number): number {
  return zone.segmentAt(at).offsetMs
}

/** What the zone's clocks show at an instant, as epoch-like ms: read it with the UTC methods of `Date`. */
export function toLocal(zone: Zone, at: number): number {
  return at + zone.segmentAt(at).offsetMs
}

/**
 * The instant of a local time (epoch-like ms, see {@link toLocal}): its first occurrence if it is repeated,
 * the first instant after the gap if it does not exist.
 */
export function fromLocal(zone: Zone, local: number): number {
  let segment = zone.segmentAt(local - MARGIN_MS)
  while (local >= segment.toAt + segment.offsetMs) segment = zone.segmentAt(segment.toAt)
  return Math.max(local - segment.offsetMs, segment.fromAt)
}

/** The local calendar day of an instant: `'2026-03-29'`. */
export function localDay(zone: Zone, at: number): string {
  const text = new Date(toLocal(zone, at)).toISOString()
  return text.slice(0, text.indexOf('T'))
}

function checkName(name: unknown, field: string): string {
  // Node takes offsets such as "+02:00" for zones as well; they have no rules, hence are not what anyone means here.
  if (typeof name === 'string' && /^[A-Za-z]/.test(name)) return name
  throw invalid(name, field)
}

function invalid(name: unknown, field: string, cause?: unknown): QuarterjackError {
  const text = `${field}: ${shown(name)} is not a time zone that this Node knows. ${meantZone(name)}`
  return new QuarterjackError('InvalidTimeZone', text, { cause })
}

function createZone(name: string, field: string): Zone {
  const readOffset = createOffsetReader(name, field)
  if (name === 'UTC' || name === 'Etc/UTC') return { name, segmentAt: () => UTC_SEGMENT }
  const years = new Map<number, readonly ZoneSegment[]>()
  let last: ZoneSegment = { fromAt: 0, toAt: 0, offsetMs: 0, shownUntil: 0 }

  const segmentsOf = (year: number): readonly ZoneSegment[] => {
    let segments = years.get(year)
    if (segments === undefined) {
      segments = year < FIRST_YEAR || year > LAST_YEAR ? [outerSegment(readOffset, year)] : findSegments(readOffset, year)
      if (years.size >= MAX_YEARS_PER_ZONE) years.delete(years.keys().next().value as number)
      years.set(year, segments)
    }
    return segments
  }

  return {
    name,
    segmentAt: (at) => {
      if (at >= last.fromAt && at < last.toAt) return last
      const segments = segmentsOf(clampYear(new Date(at).getUTCFullYear()))
      let index = segments.length - 1
      while (index > 0 && (segments[index] as ZoneSegment).fromAt > at) index--
      last = segments[index] as ZoneSegment
      return last
    },
  }
}

const UTC_SEGMENT: ZoneSegment = { fromAt: -2 * MAX_INSTANT, toAt: 2 * MAX_INSTANT, offsetMs: 0, shownUntil: -2 * MAX_INSTANT }

function clampYear(year: number): number {
  return Math.min(Math.max(year, FIRST_YEAR - 1), LAST_YEAR + 1)
}

function outerSegment(readOffset: (at: number) => number, year: number): ZoneSegment {
  const edgeAt = Date.UTC(year < FIRST_YEAR ? FIRST_YEAR : LAST_YEAR + 1, 0, 1)
  const offsetMs = readOffset(edgeAt)
  if (year < FIRST_YEAR) return { ...UTC_SEGMENT, toAt: edgeAt, offsetMs }
  return { ...UTC_SEGMENT, fromAt: edgeAt, offsetMs, shownUntil: edgeAt + offsetMs }
}

/** The segments of one UTC year. Looks back a little, because local times of December may repeat in January. */
function findSegments(readOffset: (at: number) => number, year: number): readonly ZoneSegment[] {
  const yearAt = Date.UTC(year, 0, 1)
  const endAt = Date.UTC(year + 1, 0, 1)
  const segments: ZoneSegment[] = []
  let fromAt = yearAt - MARGIN_MS
  let offsetMs = readOffset(fromAt)
  let shownUntil = fromAt + offsetMs
  const close = (toAt: number): void => {
    if (toAt === fromAt) return
    if (fromAt >= yearAt) segments.push({ fromAt, toAt, offsetMs, shownUntil })
    shownUntil = Math.max(shownUntil, toAt + offsetMs)
    fromAt = toAt
  }
  for (let probeAt = fromAt; probeAt < endAt; ) {
    const nextAt = probeAt < yearAt ? yearAt : Math.min(probeAt + PROBE_MS, endAt)
    const lastAt = nextAt === endAt ? endAt - 1 : nextAt
    while (readOffset(lastAt) !== offsetMs) {
      const changeAt = findChange(readOffset, probeAt, lastAt, offsetMs)
      close(changeAt)
      offsetMs = readOffset(changeAt)
      probeAt = changeAt
    }
    if (nextAt === yearAt || nextAt === endAt) close(nextAt)
    probeAt = nextAt
  }
  return segments
}

/** The first whole second in `(fromAt, toAt]` whose offset is not `offsetMs`. */
function findChange(readOffset: (at: number) => number, fromAt: number, toAt: number, offsetMs: number): number {
  let before = Math.floor(fromAt / 1000)
  let after = Math.ceil(toAt / 1000)
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (readOffset(middle * 1000) === offsetMs) before = middle
    else after = middle
  }
  return after * 1000
}

function createOffsetReader(name: string, field: string): (at: number) => number {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (error) {
    throw invalid(name, field, error)
  }
  return (at) => {
    const second = Math.floor(at / 1000) * 1000
    const [month, day, year, hour, minute, sec] = (format.format(second).match(/\d+/g) as string[]).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    return Date.UTC(year, month - 1, day, hour, minute, sec) - second
  }
}
