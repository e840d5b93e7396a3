import { describe, expect, it } from 'vitest'
import { closestName } from '../../src/errors/closest-name.ts'
import { formatElapsed, formatInstant, formatValue } from '../../src/cli/format.ts'

describe('formatElapsed', () => {
  it.each([
    [0, '0 ms'],
    [1.44, '1.4 ms'],
    [320, '320 ms'],
    [999.6, '1 s'],
    [1_234, '1.2 s'],
    [59_940, '59.9 s'],
    [59_960, '1 m'],
    [250_000, '4 m 10 s'],
    [3_599_600, '1 h'],
    [7_500_000, '2 h 5 m'],
    [86_399_999, '1 d'],
    [273_600_000, '3 d 4 h'],
    [-1_500, '-1.5 s'],
    [null, '-'],
  ])('%s → %s', (ms, text) => {
    expect(formatElapsed(ms)).toBe(text)
  })
})

it('instants are ISO, with milliseconds only where there are some', () => {
  expect(formatInstant(new Date('2026-01-01T06:00:00Z'))).toBe('2026-01-01T06:00:00Z')
  expect(formatInstant('2026-01-01T06:00:00.250Z')).toBe('2026-01-01T06:00:00.250Z')
  expect(formatInstant(0)).toBe('1970-01-01T00:00:00Z')
  expect(formatInstant(null)).toBe('-')
})

it('values are compact JSON, nothing is empty', () => {
  expect(formatValue({ a: [1] })).toBe('{"a":[1]}')
  expect(formatValue(null)).toBe('')
  expect(formatValue(undefined)).toBe('')
  expect(formatValue(0)).toBe('0')
})

it('the closest name is near, or none', () => {
  expect(closestName('feedback-agregate', ['report', 'feedback-aggregate'])).toBe('feedback-aggregate')
  expect(closestName('Reprot', ['report', 'clean'])).toBe('report')
  expect(closestName('zzz', ['report', 'clean'])).toBeNull()
  expect(closestName('x', [])).toBeNull()
})
