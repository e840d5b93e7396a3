import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentilesOf } from '../../src/observe/percentiles.ts'
import { createSampleRing } from '../../src/observe/sample-ring.ts'

describe('percentilesOf', () => {
  it.each([
    [[], { p50: null, p95: null, p99: null }],
    [[7], { p50: 7, p95: 7, p99: 7 }],
    [[10, 2], { p50: 2, p95: 10, p99: 10 }],
    [Array.from({ length: 100 }, (_, index) => 100 - index), { p50: 50, p95: 95, p99: 99 }],
    [Array.from({ length: 1_000 }, (_, index) => index + 1), { p50: 500, p95: 950, p99: 990 }],
    [[9, 10, 100], { p50: 10, p95: 100, p99: 100 }], // by number, not by text
  ])('%j', (samples, expected) => {
    expect(percentilesOf(samples)).toEqual(expected)
  })

  it('answers with the least sample that enough samples do not exceed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 200 }), (samples) => {
        const { p50, p95, p99 } = percentilesOf(samples)
        for (const [percent, value] of [
          [50, p50],
          [95, p95],
          [99, p99],
        ] as const) {
          expect(samples).toContain(value)
          const notAbove = samples.filter((sample) => sample <= Number(value)).length
          const below = samples.filter((sample) => sample < Number(value)).length
          expect(notAbove * 100).toBeGreaterThanOrEqual(percent * samples.length)
          expect(below * 100).toBeLessThan(percent * samples.length)
        }
      }),
    )
  })
})

describe('createSampleRing', () => {
  it('keeps the newest samples, oldest first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 60 }), (capacity, samples) => {
        const ring = createSampleRing(capacity)
        for (const sample of samples) ring.add(sample)
        expect(ring.values()).toEqual(samples.slice(-capacity))
        expect(ring.last()).toBe(samples.at(-1) ?? null)
        expect(ring.percentiles()).toEqual(percentilesOf(samples.slice(-capacity)))
      }),
    )
  })

  it('ignores what is not a finite number', () => {
    const ring = createSampleRing(3)
    for (const sample of [1, Number.NaN, Number.POSITIVE_INFINITY, 2]) ring.add(sample)
    expect(ring.values()).toEqual([1, 2])
  })
})
