import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { resolveSpec } from '../../src/schedule/resolve-spec.ts'
import type { ResolvedSpec, Schedule } from '../../src/schedule/schedule.ts'
import { countBaseSlots, isExcluded, nextBaseSlot, previousBaseSlot } from '../../src/schedule/slots.ts'

const T = Date.UTC(2026, 4, 1, 14, 23)
const spec = (schedule: Schedule): ResolvedSpec => resolveSpec(schedule.spec, T)
const MAX = 8.64e15

describe('every', () => {
  it.each([
    ['from the epoch', every('6h'), '2026-05-01T14:23Z', '2026-05-01T18:00Z', '2026-05-01T12:00Z'],
    ['on a slot', every('6h'), '2026-05-01T12:00Z', '2026-05-01T18:00Z', '2026-05-01T06:00Z'],
    ['from a date', every('6h', { anchor: '2026-05-01T02:30Z' }), '2026-05-01T14:23Z', '2026-05-01T14:30Z', '2026-05-01T08:30Z'],
    ['before its anchor', every('6h', { anchor: '2026-06-01T02:30Z' }), '2026-05-01T14:23Z', '2026-05-01T14:30Z', '2026-05-01T08:30Z'],
    [
      'from its registration, on the hour',
      every('6h', { anchor: 'registration', align: '1h' }),
      '2026-05-01T14:23Z',
      '2026-05-01T20:00Z',
      '2026-05-01T14:00Z',
    ],
    ['before 1970', every('1d'), '1969-12-30T12:00Z', '1969-12-31T00:00Z', '1969-12-30T00:00Z'],
    [
      'in real time through a change of clocks',
      every('1h', { timeZone: 'Europe/Berlin' }),
      '2026-03-29T00:30Z',
      '2026-03-29T01:00Z',
      '2026-03-29T00:00Z',
    ],
  ])('%s', (_what, schedule, from, next, previous) => {
    expect(new Date(nextBaseSlot(spec(schedule), Date.parse(from)) as number).toISOString()).toBe(new Date(next).toISOString())
    expect(new Date(previousBaseSlot(spec(schedule), Date.parse(from)) as number).toISOString()).toBe(new Date(previous).toISOString())
  })

  it('is exact for odd steps and far anchors', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e12 }),
        fc.integer({ min: -4e15, max: 4e15 }),
        fc.integer({ min: -4e15, max: 4e15 }),
        (everyMs, anchorAt, after) => {
          const one: ResolvedSpec = { kind: 'every', everyMs, anchorAt }
          const next = nextBaseSlot(one, after) as number
          const previous = previousBaseSlot(one, next) as number
          expect(next > after && next - everyMs <= after).toBe(true)
          expect((BigInt(next) - BigInt(anchorAt)) % BigInt(everyMs)).toBe(0n)
          expect(previous).toBe(next - everyMs)
        },
      ),
    )
  })

  it('ends where a Date ends', () => {
    expect(nextBaseSlot(spec(every('1d')), MAX)).toBeNull()
    expect(previousBaseSlot(spec(every('1d')), -MAX)).toBeNull()
    expect(nextBaseSlot({ kind: 'every', everyMs: Number.MAX_SAFE_INTEGER, anchorAt: 0 }, 1)).toBeNull()
  })
})

describe('at', () => {
  it('has one slot', () => {
    const one = spec(at(T))
    expect([nextBaseSlot(one, T - 1), nextBaseSlot(one, T)]).toEqual([T, null])
    expect([previousBaseSlot(one, T + 1), previousBaseSlot(one, T)]).toEqual([T, null])
  })
})

describe('bounds', () => {
  const HOUR = 3_600_000
  it.each([
    ['every', every('1h', { start: T, end: T + 3 * HOUR }), [15, 16, 17]],
    ['every, on both bounds', every('1h', { start: '2026-05-01T15:00Z', end: '2026-05-01T17:00Z' }), [15, 16, 17]],
    ['cron', cron('0 * * * *', { start: T, end: T + 3 * HOUR }), [15, 16, 17]],
    ['cron, on both bounds', cron('0 * * * *', { start: '2026-05-01T15:00Z', end: '2026-05-01T17:00Z' }), [15, 16, 17]],
    ['at, inside', at('2026-05-01T15:00Z', { start: '2026-05-01T15:00Z', end: '2026-05-01T15:00Z' }), [15]],
    ['at, too early', at('2026-05-01T15:00Z', { start: '2026-05-01T15:00:00.001Z' }), []],
    ['at, too late', at('2026-05-01T15:00Z', { end: '2026-05-01T14:59:59.999Z' }), []],
  ])('%s', (_what, schedule, hours) => {
    const forward: number[] = []
    for (let slot = nextBaseSlot(spec(schedule), 0); slot !== null; slot = nextBaseSlot(spec(schedule), slot)) forward.push(slot)
    const backward: number[] = []
    for (let slot = previousBaseSlot(spec(schedule), MAX); slot !== null; slot = previousBaseSlot(spec(schedule), slot))
      backward.unshift(slot)
    expect(forward.map((slot) => new Date(slot).getUTCHours())).toEqual(hours)
    expect(backward).toEqual(forward)
  })
})

describe('countBaseSlots', () => {
  it.each([
    ['an interval, in closed form', every(1), 0, 1e12, 10, 1e12],
    ['both ends of an interval', every(10), 10, 30, 10, 2],
    ['an interval within bounds', every(10, { start: 15, end: 45 }), 0, 100, 1, 3],
    ['nothing', every(10), 11, 19, 10, 0],
    ['nothing after the end', every(10, { end: 5 }), 11, 99, 10, 0],
    ['cron', cron('* * * * * *'), 0, 5_000, 10, 5],
    ['cron, exactly at the limit', cron('* * * * * *'), 0, 10_000, 10, 10],
    ['cron, over the limit', cron('* * * * * *'), 0, 11_000, 10, null],
    ['cron, exhausted', cron('0 0 30 2 *'), 0, MAX, 10, 0],
    ['at', at(5), 0, 10, 1, 1],
    ['at, outside', at(5), 5, 10, 1, 0],
  ])('%s', (_what, schedule, from, to, limit, count) => {
    expect(countBaseSlots(spec(schedule), from, to, limit)).toBe(count)
  })
})

describe('isExcluded', () => {
  const day = Date.parse('2026-12-25T00:00+01:00')
  const berlin = spec(every('1h', { timeZone: 'Europe/Berlin', exclude: ['2026-12-25'] }))

  it('by local day', () => {
    expect([day - 1, day, day + 86_399_999, day + 86_400_000].map((slot) => isExcluded(berlin, [], slot))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('by range, from its start to before its end', () => {
    const ranged = spec(
      every('1h', {
        exclude: [
          { from: 10, to: 20 },
          { from: 30, to: 31 },
        ],
      }),
    )
    expect([9, 10, 19, 20, 30, 31].map((slot) => isExcluded(ranged, [], slot))).toEqual([false, true, true, false, true, false])
  })

  it('by function, which gets a Date', () => {
    const weekend = (slot: Date): boolean => slot.getUTCDay() % 6 === 0
    expect(isExcluded(spec(every('1d')), [() => false, weekend], Date.UTC(2026, 4, 2))).toBe(true)
    expect(isExcluded(spec(every('1d')), [weekend], Date.UTC(2026, 4, 4))).toBe(false)
  })

  it('a function that throws, or answers no boolean, leaves nothing out and is reported', () => {
    const reported: [string, number][] = []
    const report = (error: unknown, slot: number): void => void reported.push([(error as Error).message, slot])
    const broken = (): boolean => {
      throw new Error('no calendar today')
    }
    const asynchronous = (async () => true) as unknown as () => boolean
    expect(isExcluded(spec(every('1d')), [broken, asynchronous], 5, report)).toBe(false)
    expect(isExcluded(spec(every('1d')), [broken, () => true], 6, report)).toBe(true)
    expect(isExcluded(spec(every('1d')), [broken], 7)).toBe(false)
    expect(reported).toEqual([
      ['no calendar today', 5],
      [expect.stringContaining('answer true or false'), 5],
      ['no calendar today', 6],
    ])
  })
})
