import { describe, expect, it } from 'vitest'
import { nextCronSlot, previousCronSlot } from '../../src/schedule/next-cron-slot.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import type { Zone } from '../../src/time/zone.ts'
import { iso, next, previous, slotsBackward, slotsForward } from './slots-of.ts'

/** Expected slots in local time with offset, as people would write them into a diary. */
const TABLE: readonly { zone: string; what: string; expression: string; from: string; slots: readonly string[] }[] = [
  // New York: 2026-03-08 02:00 -> 03:00, 2026-11-01 02:00 -> 01:00
  {
    zone: 'America/New_York',
    what: 'a skipped local time fires at the end of the gap',
    expression: '30 2 * * *',
    from: '2026-03-07T12:00-05:00',
    slots: ['2026-03-08T03:00-04:00', '2026-03-09T02:30-04:00'],
  },
  {
    zone: 'America/New_York',
    what: 'several local times in one gap make one slot',
    expression: '0,15,30,45 2 * * *',
    from: '2026-03-08T00:00-05:00',
    slots: ['2026-03-08T03:00-04:00', '2026-03-09T02:00-04:00', '2026-03-09T02:15-04:00'],
  },
  {
    zone: 'America/New_York',
    what: 'a skipped local time that lands on a regular slot makes one slot',
    expression: '0 2,3 * * *',
    from: '2026-03-08T00:00-05:00',
    slots: ['2026-03-08T03:00-04:00', '2026-03-09T02:00-04:00', '2026-03-09T03:00-04:00'],
  },
  {
    zone: 'America/New_York',
    what: 'the wildcard kind runs through real time in spring',
    expression: '*/15 * * * *',
    from: '2026-03-08T01:40-05:00',
    slots: ['2026-03-08T01:45-05:00', '2026-03-08T03:00-04:00', '2026-03-08T03:15-04:00'],
  },
  {
    zone: 'America/New_York',
    what: 'an hour step is of the wildcard kind: a skipped hour is no slot',
    expression: '0 */2 * * *',
    from: '2026-03-08T00:00-05:00',
    slots: ['2026-03-08T04:00-04:00', '2026-03-08T06:00-04:00'],
  },
  {
    zone: 'America/New_York',
    what: 'a minute step in a fixed hour is of the wildcard kind too',
    expression: '*/20 2 * * *',
    from: '2026-03-08T00:00-05:00',
    slots: ['2026-03-09T02:00-04:00', '2026-03-09T02:20-04:00'],
  },
  {
    zone: 'America/New_York',
    what: 'a repeated local time fires the first time only',
    expression: '30 1 * * *',
    from: '2026-10-31T12:00-04:00',
    slots: ['2026-11-01T01:30-04:00', '2026-11-02T01:30-05:00'],
  },
  {
    zone: 'America/New_York',
    what: 'asked within the second pass, a repeated local time does not fire again',
    expression: '30 1 * * *',
    from: '2026-11-01T01:10-05:00',
    slots: ['2026-11-02T01:30-05:00'],
  },
  {
    zone: 'America/New_York',
    what: 'the wildcard kind fires in both passes',
    expression: '30 * * * *',
    from: '2026-11-01T00:45-04:00',
    slots: ['2026-11-01T01:30-04:00', '2026-11-01T01:30-05:00', '2026-11-01T02:30-05:00'],
  },
  {
    zone: 'America/New_York',
    what: 'a list of hours is of the fixed-time kind even if it is long',
    expression: '0 0-22 * * *',
    from: '2026-11-01T00:30-04:00',
    slots: ['2026-11-01T01:00-04:00', '2026-11-01T02:00-05:00'],
  },
  {
    zone: 'America/New_York',
    what: 'a wildcard minute in an hour list fires in both passes',
    expression: '*/30 0-22 * * *',
    from: '2026-11-01T01:15-04:00',
    slots: ['2026-11-01T01:30-04:00', '2026-11-01T01:00-05:00', '2026-11-01T01:30-05:00', '2026-11-01T02:00-05:00'],
  },
  // Berlin: 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00
  {
    zone: 'Europe/Berlin',
    what: 'a skipped local time fires at the end of the gap',
    expression: '30 2 * * *',
    from: '2026-03-28T12:00+01:00',
    slots: ['2026-03-29T03:00+02:00', '2026-03-30T02:30+02:00'],
  },
  {
    zone: 'Europe/Berlin',
    what: 'a repeated local time fires once',
    expression: '30 2 * * *',
    from: '2026-10-24T12:00+02:00',
    slots: ['2026-10-25T02:30+02:00', '2026-10-26T02:30+01:00'],
  },
  {
    zone: 'Europe/Berlin',
    what: 'a restricted day keeps its meaning inside the gap',
    expression: '30 2 * * SUN',
    from: '2026-03-28T12:00+01:00',
    slots: ['2026-03-29T03:00+02:00', '2026-04-05T02:30+02:00'],
  },
  {
    zone: 'Europe/Berlin',
    what: 'seconds inside the gap make one slot',
    expression: '*/20 30 2 * * *',
    from: '2026-03-29T00:00+01:00',
    slots: ['2026-03-29T03:00+02:00', '2026-03-30T02:30:00+02:00', '2026-03-30T02:30:20+02:00'],
  },
  {
    zone: 'Europe/Berlin',
    what: 'seconds of the wildcard kind run through',
    expression: '*/30 59 * * * *',
    from: '2026-03-29T01:59:10+01:00',
    slots: ['2026-03-29T01:59:30+01:00', '2026-03-29T03:59:00+02:00'],
  },
  {
    zone: 'Europe/Berlin',
    what: 'the second pass is not forgotten although the next day that matches is a year away',
    expression: '*/30 2 25 10 *',
    from: '2026-10-25T02:15+02:00',
    slots: ['2026-10-25T02:30+02:00', '2026-10-25T02:00+01:00', '2026-10-25T02:30+01:00', '2027-10-25T02:00+02:00'],
  },
  // A change on the very border of a UTC year: 1969-01-01 00:00 -> 08:00
  {
    zone: 'Antarctica/Casey',
    what: 'a gap at the start of a year',
    expression: '0 4 * * *',
    from: '1968-12-31T00:00Z',
    slots: ['1968-12-31T04:00Z', '1969-01-01T08:00+08:00', '1969-01-02T04:00+08:00'],
  },
  // 1953-01-01 00:00 -> 1952-12-31 16:00
  {
    zone: 'America/Inuvik',
    what: 'hours repeated at the end of a year',
    expression: '0 20 * * *',
    from: '1952-12-31T00:00Z',
    slots: ['1952-12-31T20:00Z', '1953-01-01T20:00-08:00'],
  },
  // Lord Howe moves by half an hour: 2026-04-05 02:00 -> 01:30, 2026-10-04 02:00 -> 02:30
  {
    zone: 'Australia/Lord_Howe',
    what: 'half an hour is repeated for the wildcard kind',
    expression: '*/15 * * * *',
    from: '2026-04-05T01:40+11:00',
    slots: ['2026-04-05T01:45+11:00', '2026-04-05T01:30+10:30', '2026-04-05T01:45+10:30', '2026-04-05T02:00+10:30'],
  },
  {
    zone: 'Australia/Lord_Howe',
    what: 'half an hour is not repeated for the fixed-time kind',
    expression: '45 1 * * *',
    from: '2026-04-05T00:00+11:00',
    slots: ['2026-04-05T01:45+11:00', '2026-04-06T01:45+10:30'],
  },
  {
    zone: 'Australia/Lord_Howe',
    what: 'a daily job does not stop at the change',
    expression: '0 9 * * *',
    from: '2026-04-04T09:00+11:00',
    slots: ['2026-04-05T09:00+10:30', '2026-04-06T09:00+10:30'],
  },
  {
    zone: 'Australia/Lord_Howe',
    what: 'half an hour is skipped',
    expression: '15,45 2 * * *',
    from: '2026-10-04T00:00+10:30',
    slots: ['2026-10-04T02:30+11:00', '2026-10-04T02:45+11:00', '2026-10-05T02:15+11:00'],
  },
  // Chatham: +13:45 / +12:45, 2026-04-05 03:45 -> 02:45
  {
    zone: 'Pacific/Chatham',
    what: 'the answer never lies in the past',
    expression: '*/15 * * * *',
    from: '2026-04-04T13:00Z',
    slots: ['2026-04-05T03:00+13:45', '2026-04-05T03:15+13:45', '2026-04-05T03:30+13:45', '2026-04-05T02:45+12:45'],
  },
  {
    zone: 'Pacific/Chatham',
    what: 'a repeated local time fires once',
    expression: '0 3 * * *',
    from: '2026-04-04T12:00Z',
    slots: ['2026-04-05T03:00+13:45', '2026-04-06T03:00+12:45'],
  },
  // Gaps at midnight
  ...[
    ['America/Sao_Paulo', '2018-11-03T12:00-03:00', '2018-11-04T01:00-02:00', '2018-11-05T00:00-02:00'],
    ['Africa/Cairo', '2026-04-23T12:00+02:00', '2026-04-24T01:00+03:00', '2026-04-25T00:00+03:00'],
    ['America/Santiago', '2026-09-05T12:00-04:00', '2026-09-06T01:00-03:00', '2026-09-07T00:00-03:00'],
    ['Asia/Beirut', '2026-03-28T12:00+02:00', '2026-03-29T01:00+03:00', '2026-03-30T00:00+03:00'],
    ['America/Havana', '2026-03-07T12:00-05:00', '2026-03-08T01:00-04:00', '2026-03-09T00:00-04:00'],
  ].flatMap(
    ([zone, from, first, second]) =>
      [
        { zone, what: 'midnight is skipped', expression: '0 0 * * *', from, slots: [first, second] },
        {
          zone,
          what: 'half past midnight is skipped',
          expression: '30 0 * * *',
          from,
          slots: [first, (second as string).replace('T00:00', 'T00:30')],
        },
        {
          zone,
          what: 'every six hours has no phantom at one',
          expression: '0 */6 * * *',
          from: first,
          slots: [(first as string).replace('T01:00', 'T06:00')],
        },
      ] as (typeof TABLE)[number][],
  ),
  {
    zone: 'America/Sao_Paulo',
    what: 'the last hour of a day is repeated',
    expression: '30 23 * * *',
    from: '2019-02-16T12:00-02:00',
    slots: ['2019-02-16T23:30-02:00', '2019-02-17T23:30-03:00'],
  },
  {
    zone: 'America/Sao_Paulo',
    what: 'midnight comes once although the clocks reach it twice',
    expression: '0 0 * * *',
    from: '2019-02-16T12:00-02:00',
    slots: ['2019-02-17T00:00-03:00', '2019-02-18T00:00-03:00'],
  },
  {
    zone: 'Africa/Cairo',
    what: 'the last hour of a day is repeated',
    expression: '0 23 * * *',
    from: '2026-10-29T12:00+03:00',
    slots: ['2026-10-29T23:00+03:00', '2026-10-30T23:00+02:00'],
  },
  // Apia had no 30 December 2011
  {
    zone: 'Pacific/Apia',
    what: 'a missing day fires at the first instant after it',
    expression: '0 9 30 12 *',
    from: '2011-01-01T00:00Z',
    slots: ['2011-12-31T00:00+14:00', '2012-12-30T09:00+14:00'],
  },
  {
    zone: 'Pacific/Apia',
    what: 'a daily job of the missing day moves to the start of the next',
    expression: '0 9 * * *',
    from: '2011-12-29T12:00-10:00',
    slots: ['2011-12-31T00:00+14:00', '2011-12-31T09:00+14:00', '2012-01-01T09:00+14:00'],
  },
  {
    zone: 'Pacific/Apia',
    what: 'the midnight of the missing day and that of the next are one slot',
    expression: '0 0 * * *',
    from: '2011-12-28T12:00-10:00',
    slots: ['2011-12-29T00:00-10:00', '2011-12-31T00:00+14:00', '2012-01-01T00:00+14:00'],
  },
  {
    zone: 'Pacific/Apia',
    what: 'the wildcard kind has no slot on the missing day',
    expression: '0 */12 30 12 *',
    from: '2011-12-01T00:00Z',
    slots: ['2012-12-30T00:00+14:00'],
  },
  // Casablanca leaves its +01 for Ramadan: 2026-02-15 03:00 -> 02:00, 2026-03-22 02:00 -> 03:00
  {
    zone: 'Africa/Casablanca',
    what: 'the change into Ramadan repeats an hour',
    expression: '30 2 * * *',
    from: '2026-02-14T12:00Z',
    slots: ['2026-02-15T02:30+01:00', '2026-02-16T02:30+00:00'],
  },
  {
    zone: 'Africa/Casablanca',
    what: 'the change out of Ramadan skips an hour',
    expression: '30 2 * * *',
    from: '2026-03-21T12:00Z',
    slots: ['2026-03-22T03:00+01:00', '2026-03-23T02:30+01:00'],
  },
  // Troll moves by two hours: 2026-03-29 01:00 -> 03:00, 2026-10-25 03:00 -> 01:00
  {
    zone: 'Antarctica/Troll',
    what: 'two skipped hours make one slot',
    expression: '30 1,2 * * *',
    from: '2026-03-28T12:00Z',
    slots: ['2026-03-29T03:00+02:00', '2026-03-30T01:30+02:00', '2026-03-30T02:30+02:00'],
  },
  {
    zone: 'Antarctica/Troll',
    what: 'two repeated hours fire once each',
    expression: '30 1,2 * * *',
    from: '2026-10-24T12:00Z',
    slots: ['2026-10-25T01:30+02:00', '2026-10-25T02:30+02:00', '2026-10-26T01:30+00:00'],
  },
  {
    zone: 'Europe/Dublin',
    what: 'standard time in summer changes nothing',
    expression: '30 1 * * *',
    from: '2026-03-28T12:00Z',
    slots: ['2026-03-29T02:00+01:00', '2026-03-30T01:30+01:00'],
  },
  {
    zone: 'Asia/Kolkata',
    what: 'half hours',
    expression: '0 9 * * *',
    from: '2026-03-29T00:00Z',
    slots: ['2026-03-29T09:00+05:30', '2026-03-30T09:00+05:30'],
  },
  {
    zone: 'Asia/Kathmandu',
    what: 'quarter hours',
    expression: '0 * * * *',
    from: '2026-03-29T00:00Z',
    slots: ['2026-03-29T06:00+05:45', '2026-03-29T07:00+05:45'],
  },
]

describe('slots around the changes of zones', () => {
  it.each(TABLE)('$zone: $what ($expression)', ({ zone, expression, from, slots }) => {
    const expected = slots.map((slot) => new Date(slot).getTime())
    const found: (number | null)[] = []
    for (let after: number | null = Date.parse(from); found.length < expected.length && after !== null; found.push(after))
      after = next(expression, zone, after)
    expect(found.map(iso)).toEqual(expected.map(iso))

    const back: (number | null)[] = []
    for (
      let before: number | null = (expected.at(-1) as number) + 1;
      back.length < expected.length && before !== null;
      back.unshift(before)
    ) {
      before = previous(expression, zone, before)
    }
    expect(back.map(iso)).toEqual(expected.map(iso))
  })
})

const UTC_TABLE: readonly (readonly [what: string, expression: string, from: string, slots: readonly string[]])[] = [
  [
    'day of month OR day of week',
    '0 0 13 * FRI',
    '2026-02-01',
    ['2026-02-06', '2026-02-13', '2026-02-20', '2026-02-27', '2026-03-06', '2026-03-13'],
  ],
  ['a stepped day counts as restricted', '0 0 */15 * MON', '2026-06-01', ['2026-06-08', '2026-06-15', '2026-06-16', '2026-06-22']],
  ['a day alone', '0 0 31 * *', '2026-01-01', ['2026-01-31', '2026-03-31', '2026-05-31']],
  ['a weekday alone', '0 0 * * 7', '2026-01-01', ['2026-01-04', '2026-01-11']],
  ['the last day', '0 0 L * *', '2028-01-01', ['2028-01-31', '2028-02-29', '2028-03-31']],
  ['a day and the last day', '0 0 15,L 2 *', '2026-01-01', ['2026-02-15', '2026-02-28', '2027-02-15']],
  ['the last Friday', '0 0 * * 5L', '2026-01-01', ['2026-01-30', '2026-02-27', '2026-03-27']],
  ['the last Saturday where it is the last day', '0 0 * 10 6L', '2026-01-01', ['2026-10-31', '2027-10-30', '2028-10-28']],
  ['the third Friday', '0 0 * * 5#3', '2026-01-01', ['2026-01-16', '2026-02-20', '2026-03-20']],
  ['the third Friday or the first of a month', '0 0 1 * FRI#3', '2026-01-02', ['2026-01-16', '2026-02-01', '2026-02-20']],
  ['a fifth Monday in February comes every 28 or 40 years', '0 0 * 2 1#5', '2016-03-01', ['2044-02-29', '2072-02-29', '2112-02-29']],
  ['29 February skips 2100', '0 0 29 2 *', '2096-01-01', ['2096-02-29', '2104-02-29']],
  ['month names', '0 0 1 JAN,jul *', '2026-02-01', ['2026-07-01', '2027-01-01']],
  ['a range of weekdays over Sunday as 7', '0 0 * * 5-7', '2026-01-01', ['2026-01-02', '2026-01-03', '2026-01-04', '2026-01-09']],
  ['before 1970', '0 0 29 2 *', '1895-01-01', ['1896-02-29', '1904-02-29']],
]

describe('the calendar', () => {
  it.each(UTC_TABLE)('%s (%s)', (_what, expression, from, slots) => {
    const expected = slots.map((day) => Date.parse(`${day}T00:00Z`))
    const last = expected.at(-1) as number
    expect(slotsForward(expression, 'UTC', Date.parse(`${from}T00:00:01Z`), last + 1).map(iso)).toEqual(expected.map(iso))
    expect(slotsBackward(expression, 'UTC', Date.parse(`${from}T00:00:01Z`), last + 1).map(iso)).toEqual(expected.map(iso))
  })

  it.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '* * 31 2 *', '0 0 30-31 2 *'])(
    '%s never fires: exhausted, in both directions',
    (expression) => {
      expect(next(expression, 'Europe/Berlin', Date.UTC(2026, 0))).toBeNull()
      expect(previous(expression, 'Europe/Berlin', Date.UTC(2026, 0))).toBeNull()
    },
  )

  it('an impossible day is rescued by a day of the week', () => {
    expect(iso(next('0 0 30 2 MON', 'UTC', Date.UTC(2026, 1, 1)))).toBe('2026-02-02T00:00:00.000Z')
  })

  it('a wildcard expression that asks for nothing but skipped times is exhausted, after a bounded search', () => {
    let lookups = 0
    const zone = everyMarchZone(() => lookups++)
    const fields = parseCron('0 */5 0 1 3 *')
    expect(nextCronSlot(fields, zone, Date.UTC(2026, 0))).toBeNull()
    expect(previousCronSlot(fields, zone, Date.UTC(2026, 0))).toBeNull()
    expect(lookups).toBeLessThanOrEqual(400)
    expect(iso(nextCronSlot(parseCron('0 5 0 1 3 *'), zone, Date.UTC(2026, 0)))).toBe('2026-03-01T00:00:00.000Z')
  })

  it('is strictly after and strictly before, to the millisecond', () => {
    const slot = Date.UTC(2026, 0, 1, 9)
    expect(next('0 9 * * *', 'UTC', slot - 1)).toBe(slot)
    expect(next('0 9 * * *', 'UTC', slot)).toBe(slot + 86_400_000)
    expect(previous('0 9 * * *', 'UTC', slot + 1)).toBe(slot)
    expect(previous('0 9 * * *', 'UTC', slot)).toBe(slot - 86_400_000)
  })

  it('ends where a Date ends', () => {
    expect(next('0 0 1 1 *', 'Europe/Berlin', 8.64e15 - 1000)).toBeNull()
    expect(next('* * * * * *', 'UTC', 8.64e15)).toBeNull()
    expect(previous('* * * * * *', 'Europe/Berlin', -8.64e15)).toBeNull()
    expect(next('0 0 1 1 *', 'America/New_York', -8.64e15)).toBeGreaterThan(-8.64e15)
  })
})

/** A zone that skips the first hour of 1 March every year, and repeats that of 1 October. */
function everyMarchZone(onLookup: () => void): Zone {
  return {
    name: 'Test/March',
    segmentAt: (at) => {
      onLookup()
      const year = new Date(at).getUTCFullYear()
      const edges = [Date.UTC(year - 1, 9, 1), Date.UTC(year, 2, 1), Date.UTC(year, 9, 1), Date.UTC(year + 1, 2, 1)] as const
      const summer = at >= edges[1] && at < edges[2]
      const index = summer ? 1 : at < edges[1] ? 0 : 2
      const fromAt = edges[index] as number
      const offsetMs = summer ? 3_600_000 : 0
      return { fromAt, toAt: edges[index + 1] as number, offsetMs, shownUntil: summer ? fromAt : fromAt + 3_600_000 }
    },
  }
}
