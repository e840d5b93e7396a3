import { describe, expect, it, vi } from 'vitest'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { findZone, fromLocal, localDay, offsetAt, toLocal } from '../../src/time/zone.ts'
import { createRandom } from '../schedule/zone-changes.ts'
import { localClock } from '../schedule/minute-walk.ts'

// Many cases in one test; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const HOUR_MS = 3_600_000

function failure(run: () => unknown): QuarterjackError {
  try {
    run()
  } catch (error) {
    if (QuarterjackError.isInstance(error)) return error
  }
  throw new Error('expected a QuarterjackError')
}

describe('findZone', () => {
  it.each([
    ['Europe/Berln', 'Did you mean "Europe/Berlin"?'],
    [' Europe/Berlin', 'Did you mean "Europe/Berlin"?'],
    ['america/new york', 'Did you mean "America/New_York"?'],
    ['nowhere near one', 'IANA name'],
    ['', 'IANA name'],
    ['+02:00', 'An offset knows no summer time. Use an IANA name such as "Europe/Berlin" or "UTC". Where it never changes, "Etc/GMT-2"'],
    ['-05:00', '"Etc/GMT+5"'],
    ['UTC+2', '"Etc/GMT-2"'],
    ['+05:30', 'An offset knows no summer time.'],
    ['+15:00', 'or "UTC".'],
    [42, 'IANA name'],
    [null, 'IANA name'],
    [undefined, 'IANA name'],
    [{}, 'IANA name'],
  ])('refuses %j', (value, remedy) => {
    const error = failure(() => findZone(value, 'timeZone'))
    expect(error.code).toBe('InvalidTimeZone')
    expect(error.message).toContain('timeZone: ')
    expect(error.message).toContain(JSON.stringify(value) ?? 'undefined')
    expect(error.message).toContain(remedy)
  })

  it('names the field that was asked about', () => {
    expect(failure(() => findZone('Mars/Olympus', 'options.zone')).message).toContain('options.zone: "Mars/Olympus"')
  })

  it.each(['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT+5', 'US/Eastern', 'Asia/Calcutta', 'Asia/Kolkata', 'europe/berlin'])('takes %s', (name) => {
    expect(findZone(name).name).toBe(name)
    expect(findZone(name)).toBe(findZone(name))
  })
})

describe('offsets', () => {
  it.each([
    ['Europe/Berlin', '2026-01-01T00:00Z', 1],
    ['Europe/Berlin', '2026-07-01T00:00Z', 2],
    ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 1],
    ['Europe/Berlin', '2026-03-29T01:00Z', 2],
    ['America/New_York', '2026-11-01T05:59:59.999Z', -4],
    ['America/New_York', '2026-11-01T06:00Z', -5],
    ['Asia/Kathmandu', '2026-01-01T00:00Z', 5.75],
    ['Pacific/Chatham', '2026-01-01T00:00Z', 13.75],
    ['Pacific/Apia', '2011-12-30T09:59:59Z', -10],
    ['Pacific/Apia', '2011-12-30T10:00Z', 14],
    ['Etc/GMT+5', '2026-01-01T00:00Z', -5],
    ['Africa/Monrovia', '1971-06-01T00:00Z', -(44 * 60 + 30) / 3600],
    ['UTC', '2026-07-01T00:00Z', 0],
  ])('%s at %s is %d hours', (name, at, hours) => {
    expect(offsetAt(findZone(name), Date.parse(at))).toBe(Math.round(hours * HOUR_MS))
  })

  it('agrees with Intl at random instants of 1970 to 2100, whatever the order of the questions', () => {
    const random = createRandom(11)
    for (const name of ['Europe/Berlin', 'Africa/Casablanca', 'Asia/Gaza', 'America/Noronha', 'Australia/Lord_Howe', 'Pacific/Apia']) {
      const zone = findZone(name)
      const clock = localClock(name)
      for (let question = 0; question < 1_000; question++) {
        const at = random(Date.UTC(2100, 0) / 1000) * 1000
        expect(toLocal(zone, at), `${name} at ${new Date(at).toISOString()}`).toBe(clock(at))
      }
    }
  })

  it('segments join without gap or overlap, and their offsets hold at both ends', () => {
    const zone = findZone('America/New_York')
    const clock = localClock('America/New_York')
    let at = Date.UTC(2000, 0, 1)
    let changes = 0
    while (at < Date.UTC(2030, 0, 1)) {
      const segment = zone.segmentAt(at)
      expect(segment.fromAt).toBe(at)
      expect(segment.toAt).toBeGreaterThan(at)
      expect(clock(at) - at).toBe(segment.offsetMs)
      expect(clock(segment.toAt - 1000) - segment.toAt + 1000).toBe(segment.offsetMs)
      expect(zone.segmentAt(segment.toAt - 1)).toBe(segment)
      if (segment.offsetMs !== zone.segmentAt(segment.toAt).offsetMs) changes++
      at = segment.toAt
    }
    expect(changes).toBe(60)
  })

  it('keeps no more than a bounded number of years', () => {
    const zone = findZone('Europe/Paris')
    const first = zone.segmentAt(Date.UTC(1980, 6))
    for (let year = 1981; year < 2060; year++) zone.segmentAt(Date.UTC(year, 6))
    expect(zone.segmentAt(Date.UTC(1980, 6))).not.toBe(first)
    expect(zone.segmentAt(Date.UTC(1980, 6))).toEqual(first)
  })
})

describe('local time to instant', () => {
  it.each([
    ['Europe/Berlin', '2026-01-15T12:00', '2026-01-15T11:00Z'],
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:00Z'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30Z'],
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00Z'],
    ['Pacific/Apia', '2011-12-30T09:00', '2011-12-30T10:00Z'],
    ['Pacific/Apia', '2011-12-31T00:00', '2011-12-30T10:00Z'],
    ['Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45Z'],
    ['America/Sao_Paulo', '2018-11-04T00:00', '2018-11-04T03:00Z'],
    ['UTC', '2026-02-28T00:00', '2026-02-28T00:00Z'],
  ])('%s %s is %s', (name, local, instant) => {
    expect(new Date(fromLocal(findZone(name), Date.parse(`${local}Z`))).toISOString()).toBe(new Date(instant).toISOString())
  })

  it('is the inverse of toLocal, but for repeated times, which give the first', () => {
    const random = createRandom(5)
    for (const name of ['Europe/Berlin', 'Pacific/Chatham', 'Africa/Cairo', 'Pacific/Apia']) {
      const zone = findZone(name)
      for (let question = 0; question < 2_000; question++) {
        const at = Date.UTC(2005, 0) + random(20 * 365 * 24 * 60) * 60_000
        const back = fromLocal(zone, toLocal(zone, at))
        expect(back).toBeLessThanOrEqual(at)
        expect(toLocal(zone, back)).toBe(toLocal(zone, at))
      }
    }
  })
})

it('the local day of an instant', () => {
  expect(localDay(findZone('Asia/Tokyo'), Date.parse('2026-12-24T15:00Z'))).toBe('2026-12-25')
  expect(localDay(findZone('America/New_York'), Date.parse('2026-12-25T04:59Z'))).toBe('2026-12-24')
  expect(localDay(findZone('Pacific/Apia'), Date.parse('2011-12-30T10:00Z'))).toBe('2011-12-31')
})
