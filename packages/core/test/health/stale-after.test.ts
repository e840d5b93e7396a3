import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultStaleAfter } from '../../src/health/stale-after.ts'

const every = (step: number, count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index * step)

describe('defaultStaleAfter', () => {
  it.each([
    ['even slots', [every(60, 100)], 120],
    ['working days: the weekend counts', [[0, 24, 48, 72, 96, 168, 192]], 144],
    ['two schedules together', [every(60, 100), every(60, 100, 20)], 80],
    ['a dense schedule beside a sparse one', [every(1, 100), every(1_000, 100)], 2],
    ['a schedule that ends before the other', [every(1, 3), every(1_000, 100)], 2_000],
    ['two slots', [[5, 8]], 6],
    ['one slot', [[5]], null],
    ['no slot', [[]], null],
    ['no schedule', [], null],
    ['two schedules on one instant', [[5], [5]], null],
  ])('%s', (_, slots, expected) => {
    expect(defaultStaleAfter(slots)).toBe(expected)
  })

  it('is at most two periods of the densest schedule', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 2, maxLength: 30 }), (steps) => {
        const staleAfter = defaultStaleAfter(steps.map((step) => every(step, 100, step)))
        expect(staleAfter).toBeLessThanOrEqual(2 * Math.min(...steps))
        expect(staleAfter).toBeGreaterThan(0)
      }),
    )
  })
})
