import { describe, expect, it } from 'vitest'
import { toInstant } from '../../src/time/instant.ts'

describe('toInstant', () => {
  it.each([
    ['2026-01-31T09:00:00Z', Date.UTC(2026, 0, 31, 9)],
    ['2026-01-31T09:00+02:00', Date.UTC(2026, 0, 31, 7)],
    ['2028-02-29', Date.UTC(2028, 1, 29)],
    [1_767_225_600_000, 1_767_225_600_000],
    [new Date(5), 5],
  ])('reads %s', (value, at) => {
    expect(toInstant(value, 'from')).toBe(at)
  })

  it.each([
    '2026-02-30T00:00:00Z',
    '2027-02-29',
    '2026-13-01',
    '2026-01-31T09:00:00',
    'tomorrow',
    Number.NaN,
    new Date('x'),
    null,
    undefined,
    {},
  ])('refuses %s, naming the field', (value) => {
    expect(() => toInstant(value, 'from')).toThrow(
      expect.objectContaining({ code: 'InvalidInstant', message: expect.stringMatching(/^from: /) }),
    )
  })
})
