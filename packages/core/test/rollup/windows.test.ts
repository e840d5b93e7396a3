/** Windows tile the line: representative zones by default, every zone over fifty years in the full tier. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { findWindows, type Windows } from '../../src/rollup/windows.ts'
import { walkTime } from '../schedule/minute-walk.ts'
import { changesOf, createRandom, FROM_AT, TO_AT } from '../schedule/zone-changes.ts'
import { calendarEdgesOfWalk, clockEdgesOfWalk } from './walked-windows.ts'

vi.setConfig({ testTimeout: 300_000 })

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const REPRESENTATIVE = [
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/Sao_Paulo',
  'Africa/Casablanca',
  'America/Santiago',
  'America/Havana',
  'Pacific/Apia',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Antarctica/Troll',
  'America/St_Johns',
  'Pacific/Kwajalein',
  'Asia/Gaza',
]
const ZONES = FULL ? ['UTC', ...Intl.supportedValuesOf('timeZone')] : REPRESENTATIVE
const TRANSITIONS_PER_ZONE = FULL ? 40 : 8

const IS_START: Readonly<Record<string, (local: number) => boolean>> = {
  '6h': (local) => local % (6 * HOUR_MS) === 0,
  day: (local) => local % DAY_MS === 0,
  week: (local) => local % DAY_MS === 0 && new Date(local).getUTCDay() === 1,
  month: (local) => local % DAY_MS === 0 && new Date(local).getUTCDate() === 1,
}
const STEPS = { '5m': 300_000, '15m': 900_000, '30m': 1_800_000, hour: HOUR_MS }

/** Every window from 1980 to 2030: each question about it has the same answer. Returns how many there are. */
function checkTiling(windows: Windows, isStart: (local: number) => boolean, { clock, transitions }: ReturnType<typeof changesOf>): number {
  const changes = new Set(transitions.map(({ at }) => at))
  let count = 0
  let window = windows.windowOf(FROM_AT)
  expect(window.start <= FROM_AT && FROM_AT < window.end).toBe(true)
  while (window.start < TO_AT) {
    const next = windows.next(window)
    const middle = windows.windowOf(window.start + Math.floor((window.end - window.start) / 2))
    const last = windows.windowOf(window.end - 1)
    const back = windows.previous(next)
    const isSound =
      window.end > window.start &&
      next.start === window.end &&
      [middle, last, back, windows.windowOf(window.start)].every(({ start, end }) => start === window.start && end === window.end) &&
      windows.isEdge(window.start) &&
      (isStart(clock(window.start)) || changes.has(window.start) || window.start < FROM_AT)
    if (!isSound) expect.fail(`window ${new Date(window.start).toISOString()} … ${new Date(window.end).toISOString()} is not sound`)
    count++
    window = next
  }
  return count
}

describe('windows of the calendar, fifty years', () => {
  it.each(ZONES)('%s', (zone) => {
    const changes = changesOf(zone)
    const counts = Object.entries(IS_START).map(([grain, isStart]) => checkTiling(findWindows(grain, zone), isStart, changes))
    const days = Math.round((TO_AT - FROM_AT) / DAY_MS)
    const skipped = changes.transitions.filter(({ shiftMs }) => shiftMs >= DAY_MS - HOUR_MS).length
    expect(Math.abs((counts[1] ?? 0) - (days - skipped + 1))).toBeLessThanOrEqual(1)
  })
})

describe('windows near changes of the clocks, against the walk', () => {
  it.each(ZONES)('%s', (zone) => {
    const { clock, transitions } = changesOf(zone)
    const random = createRandom(zone.length * 7919)
    const sampled = transitions
      .slice(-2)
      .concat(
        Array.from(
          { length: TRANSITIONS_PER_ZONE - 2 },
          () => transitions[random(transitions.length)] ?? { at: FROM_AT + DAY_MS * random(18_000), shiftMs: 0 },
        ),
      )
    for (const { at } of sampled) {
      const walk = walkTime(clock, at - 60 * HOUR_MS, at + 30 * HOUR_MS)
      // What the clocks had shown before the walk is not known to it: its first day and a half is left out.
      const fromAt = at - 24 * HOUR_MS
      for (const [grain, isStart] of Object.entries(IS_START)) {
        const expected = calendarEdgesOfWalk(walk, isStart).filter((edge) => edge >= fromAt)
        expect(startsOf(findWindows(grain, zone), fromAt, walk.toAt), `${grain} near ${new Date(at).toISOString()}`).toEqual(expected)
      }
      for (const [grain, stepMs] of Object.entries(STEPS)) {
        const expected = clockEdgesOfWalk(walk, stepMs).filter((edge) => edge >= fromAt)
        expect(startsOf(findWindows(grain, zone), fromAt, walk.toAt), `${grain} near ${new Date(at).toISOString()}`).toEqual(expected)
      }
    }
  })
})

function startsOf(windows: Windows, fromAt: number, toAt: number): readonly number[] {
  return Array.from(windows.between(fromAt, toAt), ({ start }) => start).filter((start) => start >= fromAt)
}

describe('any grain at any instant', () => {
  const grains = fc.constantFrom('1s', '5m', '15m', '20m', 'hour', '2h', '6h', '12h', 'day', 'week', 'month', '7h', '36h', '10d', 90_000)
  const instants = fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2050, 0, 1) })

  it('the window of an instant contains it, and its neighbours touch it', () => {
    fc.assert(
      fc.property(grains, fc.constantFrom(...ZONES), instants, (grain, zone, at) => {
        const windows = findWindows(grain, zone)
        const window = windows.windowOf(at)
        expect(window.start).toBeLessThanOrEqual(at)
        expect(window.end).toBeGreaterThan(at)
        expect(windows.next(windows.previous(window))).toEqual(window)
        expect(windows.previous(windows.next(window))).toEqual(window)
        const around = [...windows.between(window.start - 1, window.end + 1)]
        expect(around).toEqual([windows.previous(window), window, windows.next(window)])
        expect([...windows.betweenNewest(window.start - 1, window.end + 1)]).toEqual(around.toReversed())
        expect(windows.count(window.start - 1, window.end + 1, 100)).toBe(3)
        expect(windows.count(window.start, window.start, 100)).toBe(0)
        expect(windows.count(window.start - 1, window.end + 1, 2)).toBe(2)
      }),
      { numRuns: FULL ? 20_000 : 1_500 },
    )
  })
})

describe('windows by hand', () => {
  const hours = (grain: string, zone: string, day: string): number => {
    const { start, end } = findWindows(grain, zone).windowOf(Date.parse(day))
    return (end - start) / HOUR_MS
  }
  const within = (grain: string, zone: string, day: string): number => {
    const { start, end } = findWindows('day', zone).windowOf(Date.parse(day))
    return findWindows(grain, zone).count(start, end, 1_000)
  }

  it.each([
    ['America/New_York', '2026-03-08T12:00Z', 23, 23],
    ['America/New_York', '2026-11-01T12:00Z', 25, 25],
    ['Australia/Lord_Howe', '2026-10-04T00:00Z', 23.5, 24],
    ['Australia/Lord_Howe', '2026-04-05T00:00Z', 24.5, 24],
    ['America/Santiago', '2026-09-06T12:00Z', 23, 23],
    ['Antarctica/Troll', '2026-03-29T12:00Z', 22, 22],
    ['Asia/Kathmandu', '2026-03-29T12:00Z', 24, 24],
  ])('a day in %s at %s has %d hours and %d windows of an hour', (zone, day, length, count) => {
    expect(hours('day', zone, day)).toBe(length)
    expect(within('hour', zone, day)).toBe(count)
    expect(within('15m', zone, day)).toBe(length * 4)
    expect(within('6h', zone, day)).toBe(4)
  })

  it('a day without midnight begins where the clocks jumped to', () => {
    const { start } = findWindows('day', 'America/Santiago').windowOf(Date.parse('2026-09-06T12:00Z'))
    expect(new Date(start).toISOString()).toBe('2026-09-06T04:00:00.000Z')
  })

  it('the day that Samoa left out has no window', () => {
    const windows = findWindows('day', 'Pacific/Apia')
    const found = Array.from(windows.between(Date.parse('2011-12-28T10:00Z'), Date.parse('2012-01-01T10:00Z')), ({ start }) =>
      new Date(start).toISOString(),
    )
    expect(found).toEqual(['2011-12-28T10:00:00.000Z', '2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z', '2011-12-31T10:00:00.000Z'])
  })

  it('weeks begin on Mondays, months on their first day', () => {
    const week = findWindows('week', 'Europe/Berlin').windowOf(Date.parse('2026-03-29T12:00Z'))
    expect([week.start, week.end].map((at) => new Date(at).toISOString())).toEqual(['2026-03-22T23:00:00.000Z', '2026-03-29T22:00:00.000Z'])
    const month = findWindows('month', 'Europe/Berlin').windowOf(Date.parse('2024-02-29T12:00Z'))
    expect([month.start, month.end].map((at) => new Date(at).toISOString())).toEqual([
      '2024-01-31T23:00:00.000Z',
      '2024-02-29T23:00:00.000Z',
    ])
  })

  it('a duration that does not divide a day is counted from the epoch', () => {
    const { start, end } = findWindows('36h', 'Europe/Berlin').windowOf(Date.UTC(2026, 0, 1))
    expect([start % (36 * HOUR_MS), end - start]).toEqual([0, 36 * HOUR_MS])
  })

  it('1d and day, 60m and hour are one grain', () => {
    expect(findWindows('1d')).toBe(findWindows('day'))
    expect(findWindows('60m', 'Europe/Berlin')).toBe(findWindows('hour', 'Europe/Berlin'))
  })

  it('sixty days of a thousand rollups take less than seconds', () => {
    const from = Date.UTC(2026, 8, 15)
    const began = performance.now()
    let count = 0
    for (let index = 0; index < 1_000; index++) count += findWindows('hour', ZONES[index % 16]).count(from, from + 60 * DAY_MS, 10_000)
    expect(count).toBeGreaterThan(1_430_000)
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
