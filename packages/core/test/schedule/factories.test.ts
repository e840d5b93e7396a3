import { describe, expect, it } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { refusal } from './expect-error.ts'

/** What the types forbid, for the sake of those who have none. */
const loose = (value: unknown): never => value as never

describe('cron', () => {
  it('keeps the stored form, and leaves out what is default', () => {
    expect(cron('5 * * * *').spec).toEqual({ kind: 'cron', expression: '0 5 * * * *' })
    expect(cron('5 * * * *', { timeZone: 'UTC', jitter: 0, exclude: [] }).spec).toEqual({ kind: 'cron', expression: '0 5 * * * *' })
  })

  it('takes every option', () => {
    const holiday = (): boolean => false
    const schedule = cron('5 * * * *', {
      key: 'night',
      payload: { days: 1 },
      start: '2026-01-01T00:00:00Z',
      end: new Date('2027-01-01T00:00:00Z'),
      exclude: ['2026-12-26', '2026-12-25', '2026-12-25', { from: 2_000, to: 3_000 }, { from: '1970-01-01T00:00:01Z', to: 1_500 }, holiday],
      jitter: '5m',
      timeZone: 'Europe/Berlin',
    })
    expect(schedule.spec).toEqual({
      kind: 'cron',
      expression: '0 5 * * * *',
      startAt: Date.UTC(2026, 0),
      endAt: Date.UTC(2027, 0),
      excludeDays: ['2026-12-25', '2026-12-26'],
      excludeRanges: [
        [1_000, 1_500],
        [2_000, 3_000],
      ],
      jitterMs: 300_000,
      timeZone: 'Europe/Berlin',
    })
    expect(schedule).toMatchObject({ key: 'night', payload: { days: 1 }, excludes: [holiday] })
  })

  it('is frozen throughout', () => {
    const schedule = cron('5 * * * *', { exclude: ['2026-12-25', { from: 0, to: 1 }] })
    for (const value of [
      schedule,
      schedule.spec,
      schedule.excludes,
      schedule.spec.excludeDays,
      schedule.spec.excludeRanges,
      schedule.spec.excludeRanges?.[0],
    ]) {
      expect(Object.isFrozen(value)).toBe(true)
    }
  })

  it('accepts what can never happen: the schedule is exhausted, not wrong', () => {
    expect(cron('0 0 30 2 *').spec).toMatchObject({ expression: '0 0 0 30 2 *' })
  })
})

describe('every', () => {
  it.each([
    [every('6h'), { everyMs: 21_600_000, anchorAt: 0 }],
    [every(1), { everyMs: 1, anchorAt: 0 }],
    [every('1d', { anchor: 'epoch' }), { everyMs: 86_400_000, anchorAt: 0 }],
    [every('90m', { anchor: new Date('2026-01-01T00:10:00Z') }), { everyMs: 5_400_000, anchorAt: Date.UTC(2026, 0, 1, 0, 10) }],
    [every('90m', { anchor: '2026-01-01T00:10:00+01:00' }), { everyMs: 5_400_000, anchorAt: Date.UTC(2025, 11, 31, 23, 10) }],
    [every('6h', { anchor: 'registration' }), { everyMs: 21_600_000, anchorAt: 'registration' }],
    [every('6h', { anchor: 'registration', align: '1h' }), { everyMs: 21_600_000, anchorAt: 'registration', alignMs: 3_600_000 }],
  ])('%#', (schedule, spec) => {
    expect(schedule.spec).toEqual({ kind: 'every', ...spec })
  })
})

describe('at', () => {
  it('keeps the instant', () => {
    expect(at('2027-01-01T00:00:00+01:00').spec).toEqual({ kind: 'at', at: Date.UTC(2026, 11, 31, 23) })
    expect(at(5).spec).toEqual({ kind: 'at', at: 5 })
  })
})

describe('what is refused, when it is defined', () => {
  it.each<[string, () => unknown, readonly string[]]>([
    ['an expression', () => cron('61 * * * *'), ['InvalidCron: expression: "61 * * * *"']],
    [
      'a zone',
      () => cron('5 * * * *', { timeZone: 'Europe/Berln' }),
      ['InvalidTimeZone: timeZone: "Europe/Berln"', 'Did you mean "Europe/Berlin"?'],
    ],
    ['an interval', () => every(loose('6 hours')), ['InvalidDuration: every: "6 hours"', '"5m"']],
    ['an interval of nothing', () => every(0), ['InvalidDuration: every: 0', '1ms']],
    ['a broken interval', () => every(0.5), ['InvalidDuration: every: 0.5']],
    ['a negative interval', () => every(-1), ['InvalidDuration: every: -1']],
    ['an interval that is no number', () => every(Number.NaN), ['InvalidDuration: every: NaN']],
    ['an endless interval', () => every(Number.POSITIVE_INFINITY), ['InvalidDuration: every: Infinity']],
    ['no interval', () => every(loose(undefined)), ['InvalidDuration: every: undefined']],
    ['an anchor', () => every('6h', { anchor: 'noon' }), ['InvalidInstant: anchor: "noon"']],
    ['align without registration', () => every('6h', { align: '1h' }), ['InvalidOption: align', "'registration'"]],
    ['align of nothing', () => every('6h', { anchor: 'registration', align: 0 }), ['InvalidDuration: align: 0']],
    ['an instant', () => at('tomorrow'), ['InvalidInstant: at: "tomorrow"']],
    ['an invalid Date', () => at(new Date(Number.NaN)), ['InvalidInstant: at: an invalid Date']],
    ['a start', () => cron('5 * * * *', { start: 'soon' }), ['InvalidInstant: start: "soon"']],
    ['an end', () => cron('5 * * * *', { end: 'later' }), ['InvalidInstant: end: "later"']],
    [
      'an end before the start',
      () => every('1m', { start: 10_000, end: 9_000 }),
      ['InvalidOption: end:', 'start', '1970-01-01T00:00:09.000Z'],
    ],
    ['a jitter', () => every('1m', { jitter: loose('much') }), ['InvalidDuration: jitter: "much"']],
    [
      'a jitter longer than any time between two slots',
      () => cron('*/15 * * * *', { jitter: '20m' }),
      ['InvalidOption: jitter: "20m"', '"0 */15 * * * *"', 'at most 15m'],
    ],
    ['a jitter longer than the interval', () => every('1m', { jitter: '61s' }), ['InvalidOption: jitter: "61s"', 'at most 1m']],
    [
      'an unknown option',
      () => cron('5 * * * *', loose({ timezone: 'UTC' })),
      ['InvalidOption: cron: "timezone"', 'Did you mean "timeZone"?', 'Known are key, '],
    ],
    ['an option of every', () => cron('5 * * * *', loose({ anchor: 'epoch' })), ['InvalidOption: cron: "anchor"']],
    ['an unknown option of every', () => every('1m', loose({ anker: 0 })), ['InvalidOption: every: "anker"', 'anchor']],
    ['an unknown option of at', () => at(0, loose({ align: 0 })), ['InvalidOption: at: "align"']],
    ['options that are none', () => cron('5 * * * *', loose('UTC')), ['InvalidOption: cron: options must be an object']],
    ['null as options', () => every('1m', loose(null)), ['InvalidOption: every: options must be an object']],
    ['an empty key', () => every('1m', { key: '' }), ['InvalidOption: key: ""']],
    ['a key that is no text', () => every('1m', { key: loose(7) }), ['InvalidOption: key: 7']],
    ['a key that is too long', () => every('1m', { key: 'k'.repeat(257) }), ['InvalidOption: key: ', '256', 'kkk"… (257 characters)']],
    ['an exclusion that is no list', () => every('1m', { exclude: loose('2026-12-25') }), ['InvalidOption: exclude:', 'list']],
    [
      'a day that does not exist',
      () => every('1m', { exclude: ['2026-02-30'] }),
      ['InvalidOption: exclude[0]: "2026-02-30"', '2026-12-25'],
    ],
    [
      'a day in another form',
      () => every('1m', { exclude: ['2026-12-25', loose('25.12.2026')] }),
      ['InvalidOption: exclude[1]: "25.12.2026"'],
    ],
    ['half a range', () => every('1m', { exclude: [loose({ from: 0 })] }), ['InvalidOption: exclude[0]: { from }']],
    ['a range with a wrong end', () => every('1m', { exclude: [{ from: 0, to: 'x' }] }), ['InvalidInstant: exclude[0].to: "x"']],
    ['an empty range', () => every('1m', { exclude: [{ from: 5, to: 5 }] }), ['InvalidOption: exclude[0]:', 'empty']],
    [
      'too many exclusions',
      () => every('1m', { exclude: new Array(1001).fill('2026-12-25') }),
      ['InvalidOption: exclude: 1001 entries', '1000'],
    ],
  ])('%s', (_what, run, parts) => {
    const message = refusal(run)
    for (const part of parts) expect(message).toContain(part)
    expect(message.startsWith(parts[0] as string)).toBe(true)
  })
})
