/** Reading grains, and whether windows nest. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkNesting } from '../../src/rollup/check-nesting.ts'
import { readGrain } from '../../src/rollup/grain.ts'
import { findWindows } from '../../src/rollup/windows.ts'

const START = Date.UTC(2025, 0, 1)

describe('readGrain', () => {
  it.each([
    ['hour', 'clock', 'hour'],
    ['1h', 'clock', 'hour'],
    ['15m', 'clock', '15m'],
    [900_000, 'clock', '15m'],
    ['day', 'calendar', 'day'],
    ['24h', 'calendar', 'day'],
    ['6h', 'calendar', '6h'],
    ['week', 'calendar', 'week'],
    ['month', 'calendar', 'month'],
    ['7m', 'real', '7m'],
    ['2d', 'real', '2d'],
  ])('%s', (value, kind, text) => {
    expect(readGrain(value)).toMatchObject({ kind, text })
  })

  it.each([
    ['daily', /grain: "daily" is not a grain\. Write "day"/],
    ['1w', /begin on Thursdays\. Write "week"/],
    ['7d', /Write "week"/],
    ['500ms', /not a grain\. Use "15m", "hour"/],
    [0, /not a grain/],
    [Number.NaN, /not a grain/],
    [null, /null is not a grain/],
    [{}, /not a grain/],
  ])('refuses %s', (value, message) => {
    expect(() => readGrain(value)).toThrow(message)
    expect(() => readGrain(value)).toThrow(expect.objectContaining({ code: 'InvalidOption' }))
  })
})

const side = (name: string, grain: string, zone: string): { name: string; windows: ReturnType<typeof findWindows> } => ({
  name,
  windows: findWindows(grain, zone),
})

describe('checkNesting', () => {
  it.each([
    ['day', 'Europe/Berlin', 'hour', 'Europe/Berlin'],
    ['day', 'Europe/Berlin', 'hour', 'UTC'],
    ['day', 'Australia/Lord_Howe', 'hour', 'Australia/Lord_Howe'],
    ['day', 'Asia/Kolkata', '15m', 'UTC'],
    ['week', 'Asia/Kathmandu', '15m', 'UTC'],
    ['month', 'America/New_York', 'day', 'America/New_York'],
    ['hour', 'UTC', '5m', 'UTC'],
    ['2d', 'UTC', 'day', 'UTC'],
    ['day', 'UTC', '15m', 'Asia/Kathmandu'],
  ])('%s in %s over %s in %s', (outer, outerZone, inner, innerZone) => {
    expect(() => checkNesting(side('p', outer, outerZone), side('c', inner, innerZone), START)).not.toThrow()
  })

  it.each([
    ['day', 'Asia/Kolkata', 'hour', 'UTC', /Give "c" the timeZone "Asia\/Kolkata"/],
    ['day', 'Australia/Lord_Howe', 'hour', 'UTC', /begins at .* inside of a window of "c"/],
    ['month', 'UTC', 'week', 'UTC', /one begins at 2025-01-01T00:00:00\.000Z \(2025-01-01 00:00 in UTC\)/],
    ['day', 'Europe/Berlin', 'day', 'UTC', /timeZone "Europe\/Berlin"/],
    ['hour', 'UTC', 'day', 'UTC', /divides it/],
    ['2d', 'Europe/Berlin', 'day', 'Europe/Berlin', /divides it/],
    ['hour', 'UTC', '7m', 'UTC', /divides it/],
  ])('refuses %s in %s over %s in %s', (outer, outerZone, inner, innerZone, message) => {
    const check = (): void => checkNesting(side('p', outer, outerZone), side('c', inner, innerZone), START)
    expect(check).toThrow(message)
    expect(check).toThrow(expect.objectContaining({ code: 'RollupNotNested' }))
  })

  it('in one zone, what divides nests: each window of the parent is whole windows of the child', () => {
    const zones = ['Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Apia', 'America/Havana', 'America/Santiago', 'Asia/Kathmandu']
    const pairs = [
      ['month', 'day'],
      ['week', '6h'],
      ['day', 'hour'],
      ['12h', '2h'],
      ['2h', 'hour'],
      ['hour', '20m'],
      ['day', '1m'],
    ] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...pairs),
        fc.integer({ min: Date.UTC(1985, 0), max: Date.UTC(2035, 0) }),
        (zone, [outer, inner], at) => {
          const parent = findWindows(outer, zone).windowOf(at)
          const child = findWindows(inner, zone)
          expect(() => checkNesting(side('p', outer, zone), side('c', inner, zone), at)).not.toThrow()
          expect([parent.start, parent.end].map((edge) => child.isEdge(edge))).toEqual([true, true])
        },
      ),
      { numRuns: 500 },
    )
  })
})
