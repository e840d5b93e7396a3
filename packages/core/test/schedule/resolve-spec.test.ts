import { describe, expect, it } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { bindSchedule, describeSpec, parseSpec, resolveSpec, serialiseSpec } from '../../src/schedule/resolve-spec.ts'
import type { ScheduleSpec } from '../../src/schedule/schedule.ts'
import { refusal } from './expect-error.ts'

const T = Date.UTC(2026, 4, 1, 14, 23, 45, 678)

describe('bindSchedule', () => {
  it('resolves H, and leaves everything else', () => {
    const schedule = cron('H H * * *', { key: 'a', payload: { days: 1 }, exclude: [() => false] })
    const bound = bindSchedule(schedule, 'report')
    expect(bound.spec).toMatchObject({ expression: expect.stringMatching(/^0 \d+ \d+ \* \* \*$/) })
    expect(bound).toMatchObject({ key: 'a', payload: { days: 1 }, excludes: schedule.excludes })
    expect(Object.isFrozen(bound) && Object.isFrozen(bound.spec)).toBe(true)
    expect(bindSchedule(schedule, 'other').spec).not.toEqual(bound.spec)
  })

  it.each([cron('0 9 * * THU'), every('1h'), at(0)])('gives back what has no H', (schedule) => {
    expect(bindSchedule(schedule, 'report')).toBe(schedule)
  })
})

describe('resolveSpec', () => {
  it('anchors at the registration, aligned', () => {
    expect(resolveSpec(every('6h', { anchor: 'registration' }).spec, T)).toMatchObject({ anchorAt: T, registered: true })
    expect(resolveSpec(every('6h', { anchor: 'registration', align: '1h' }).spec, T)).toMatchObject({ anchorAt: Date.UTC(2026, 4, 1, 14) })
    expect(resolveSpec(every('6h', { anchor: 'registration', align: '1h' }).spec, -1)).toMatchObject({ anchorAt: -3_600_000 })
  })

  it('registered again with the stored anchor, it says the same', () => {
    const { spec } = every('6h', { anchor: 'registration', align: '1h' })
    const stored = resolveSpec(spec, T)
    expect(serialiseSpec(resolveSpec(spec, (stored as { anchorAt: number }).anchorAt))).toBe(serialiseSpec(stored))
  })

  it('changes no other spec', () => {
    for (const { spec } of [cron('5 * * * *'), every('6h'), every('6h', { anchor: 77 }), at(5)]) expect(resolveSpec(spec, T)).toEqual(spec)
  })

  it('refuses an H that no job resolved', () => {
    expect(refusal(() => resolveSpec(cron('H * * * *').spec, T))).toContain('InvalidSchedule: expression: the H of "0 H * * * *"')
  })
})

describe('the text of a spec', () => {
  const specs = [
    cron('5 * * * *', { timeZone: 'Europe/Berlin', jitter: '5m', exclude: ['2026-12-25', { from: 1, to: 2 }] }),
    cron('0 0 30 2 *'),
    every('6h', { start: 1, end: 2 }),
    every('6h', { anchor: 'registration', align: '1h' }),
    at(T, { exclude: ['2026-05-01'] }),
  ].map(({ spec }) => resolveSpec(spec, T))

  it('has its keys in order, and nothing that is absent', () => {
    expect(serialiseSpec({ kind: 'every', everyMs: 5, anchorAt: 0 })).toBe('{"anchorAt":0,"everyMs":5,"kind":"every"}')
    expect(serialiseSpec({ timeZone: 'Asia/Tokyo', kind: 'at', at: 1, jitterMs: undefined } as unknown as ScheduleSpec)).toBe(
      '{"at":1,"kind":"at","timeZone":"Asia/Tokyo"}',
    )
  })

  it.each(specs)('$kind is read back as it was', (spec) => {
    const text = serialiseSpec(spec)
    expect(parseSpec(text)).toEqual(spec)
    expect(serialiseSpec(parseSpec(text))).toBe(text)
    expect(Object.isFrozen(parseSpec(text))).toBe(true)
  })

  it('does not depend on the order of exclusions', () => {
    const a = cron('5 * * * *', { exclude: ['2026-12-25', '2026-01-01', { from: 5, to: 6 }, { from: 1, to: 2 }] })
    const b = cron('5 * * * *', { exclude: [{ from: 1, to: 2 }, '2026-01-01', { from: 5, to: 6 }, '2026-12-25'] })
    expect(serialiseSpec(a.spec)).toBe(serialiseSpec(b.spec))
  })

  it.each([
    ['no JSON', '{', 'JSON'],
    ['no object', '5', 'object'],
    ['a list', '[]', 'object'],
    ['null', 'null', 'object'],
    ['no kind', '{}', 'kind'],
    ['an unknown kind', '{"kind":"solar"}', '"solar"'],
    ['an unknown field', '{"kind":"at","at":1,"moon":true}', '"moon"'],
    ['a field of Object', '{"kind":"at","at":1,"constructor":1}', '"constructor"'],
    ['a field of another kind', '{"kind":"at","at":1,"everyMs":1}', '"everyMs"'],
    ['a missing field', '{"kind":"every","everyMs":5}', 'anchorAt'],
    ['an unresolved anchor', '{"kind":"every","everyMs":5,"anchorAt":"registration"}', '"registration"'],
    ['an interval of nothing', '{"kind":"every","everyMs":0,"anchorAt":0}', 'everyMs: 0'],
    ['a text for a number', '{"kind":"every","everyMs":"5","anchorAt":0}', 'everyMs: "5"'],
    ['a wrong expression', '{"kind":"cron","expression":"0 61 * * * *"}', 'minute "61"'],
    ['an expression in another form', '{"kind":"cron","expression":"5 * * * *"}', 'stored form'],
    ['an unresolved H', '{"kind":"cron","expression":"0 H * * * *"}', 'H is not resolved'],
    ['an unknown zone', '{"kind":"at","at":1,"timeZone":"Mars/Olympus"}', '"Mars/Olympus"'],
    ['an instant that is none', '{"kind":"at","at":1e300}', 'at: 1e+300'],
    ['a negative jitter', '{"kind":"at","at":1,"jitterMs":-1}', 'jitterMs: -1'],
    ['a day that is none', '{"kind":"at","at":1,"excludeDays":["2026-02-30"]}', 'excludeDays'],
    ['a range that is none', '{"kind":"at","at":1,"excludeRanges":[[1]]}', 'excludeRanges'],
    ['a false mark', '{"kind":"every","everyMs":5,"anchorAt":0,"registered":false}', 'registered'],
  ])('with %s it cannot be read', (_what, text, part) => {
    const message = refusal(() => parseSpec(text))
    expect(message).toMatch(/^InvalidSchedule: The stored schedule /)
    expect(message).toContain(part)
  })
})

it('a spec in words', () => {
  const words = (spec: ScheduleSpec): string => describeSpec(spec)
  expect(words(cron('5 * * * *', { timeZone: 'Europe/Berlin' }).spec)).toBe('cron "5 * * * *" in Europe/Berlin')
  expect(words(cron('*/10 0 5 * * *').spec)).toBe('cron "*/10 0 5 * * *"')
  expect(words(every('6h').spec)).toBe('every 6h')
  expect(words(every('6h', { anchor: 'registration' }).spec)).toBe('every 6h from its registration')
  expect(words(resolveSpec(every('6h', { anchor: 'registration' }).spec, T))).toBe('every 6h counted from 2026-05-01T14:23:45.678Z')
  expect(words(at(Date.UTC(2026, 0)).spec)).toBe('at 2026-01-01T00:00:00.000Z')
  expect(words(every('1m', { start: 0, end: 1, jitter: '5s', exclude: ['2026-12-25'] }).spec)).toBe(
    'every 1m, from 1970-01-01T00:00:00.000Z, until 1970-01-01T00:00:00.001Z, jitter 5s, 1 exclusion',
  )
})
