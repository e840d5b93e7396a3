import { describe, expect, it } from 'vitest'
import { createLatencies } from './latencies.ts'
import { trendOf } from './trends.ts'

const series = (values: readonly number[]): Parameters<typeof trendOf>[0] => ({ what: 'heap', unit: 'MB', values, times: 1.1, plus: 1 })
const counted = Array.from({ length: 40 }, (_, index) => index)

describe('a trend', () => {
  it('compares the second quarter with the last', () => {
    const trend = trendOf(series(counted))
    expect(trend).toEqual({ what: 'heap', unit: 'MB', early: 14, late: 34, peak: 39, bound: expect.closeTo(16.4, 9), holds: false })
  })

  it('holds when nothing grows, whatever the warming up was like', () => {
    expect(trendOf(series(counted.map((index) => (index < 10 ? 1_000 : 50 + (index % 3))))).holds).toBe(true)
  })

  it('sees a slow leak', () => {
    expect(trendOf(series(counted.map((index) => 50 + index * 0.5))).holds).toBe(false)
  })

  it('does not judge one bad moment', () => {
    expect(trendOf(series(counted.map((index) => (index === 35 ? 900 : 50)))).holds).toBe(true)
  })

  it.each([
    [[1, 2, 3], /3 values are too few/],
    [[...counted, Number.NaN], /not every value is a number/],
  ])('refuses %j', (values, message) => {
    expect(() => trendOf(series(values))).toThrow(message)
  })
})

it('latencies begin anew after each look', () => {
  const latencies = createLatencies()
  for (let ms = 100; ms > 0; ms--) latencies.add(ms)
  expect(latencies.take()).toEqual({ count: 100, p50: 50, p99: 99 })
  expect(latencies.take()).toEqual({ count: 0, p50: 0, p99: 0 })
})
