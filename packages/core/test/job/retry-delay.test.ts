import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetryAfterError } from '../../src/job/retry-after-error.ts'
import type { Duration } from '../../src/time/duration.ts'
import { retryDelay, retryHint } from '../../src/job/retry-delay.ts'

const retry = { retries: 5, minTimeoutMs: 1_000, maxTimeoutMs: 300_000, factor: 2, randomize: false }

describe('retryDelay', () => {
  it('doubles up to the maximum', () => {
    expect([1, 2, 3, 9, 10, 100].map((failures) => retryDelay(retry, failures, Math.random))).toEqual([
      1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
    ])
  })

  it('jitters over the whole delay, never past it, never under half of the minimum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (failures, random) => {
        const delay = retryDelay({ ...retry, randomize: true }, failures, () => random)
        expect(delay).toBeGreaterThanOrEqual(500)
        expect(delay).toBeLessThanOrEqual(retryDelay(retry, failures, () => random))
      }),
    )
    expect(retryDelay({ ...retry, randomize: true }, 9, () => 0.5)).toBe(128_000)
  })
})

describe('retryHint', () => {
  it.each([
    ['the library’s own error', new RetryAfterError('wait', 5_000), 5_000],
    ['any error that says so', Object.assign(new Error('x'), { retryAfterMs: 7 }), 7],
    ['a cause', new Error('outer', { cause: new RetryAfterError('wait', 9) }), 9],
    ['a negative wait', { retryAfterMs: -3 }, 0],
    ['nothing said', new Error('x'), null],
    ['nonsense', { retryAfterMs: 'soon' }, null],
    ['no object', 'text', null],
  ])('reads %s', (_, error, expected) => {
    expect(retryHint(error)).toBe(expected)
  })
})

describe('RetryAfterError', () => {
  it.each<[given: Duration, ms: number]>([
    ['5m', 300_000],
    [5_000, 5_000],
    [1_100.25, 1_100],
    [-3, 0],
  ])('%s', (given, ms) => {
    expect(new RetryAfterError('wait', given).retryAfterMs).toBe(ms)
  })

  it.each(['soon', Number.NaN, Number.POSITIVE_INFINITY, new Date(0)])('refuses %s, at once', (given) => {
    expect(() => new RetryAfterError('wait', given as never)).toThrow('RetryAfterError: retryAfter')
  })
})
