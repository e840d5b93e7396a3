import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIds, slotRunId } from '../../src/random/ids.ts'
import { seededRandom, systemRandom } from '../../src/random/random.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('ids', () => {
  it('are UUIDs that sort by creation, even when the clock stands still or goes back', () => {
    let now = 1_767_225_600_000
    const next = createIds(() => now, seededRandom(1))
    const ids = Array.from({ length: 20_000 }, (_, index) => {
      if (index === 10_000) now -= 5_000
      if (index % 7_000 === 6_999) now += 1
      return next()
    })
    expect(ids.every((id) => UUID.test(id))).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(ids)
  })

  it('derives one id per (incarnation, slot), whatever the slot', () => {
    const next = createIds(() => 1_767_225_600_000, seededRandom(2))
    const incarnations = [next(), next(), next()]
    fc.assert(
      fc.property(
        fc.constantFrom(...incarnations),
        fc.constantFrom(...incarnations),
        fc.integer({ min: -1e13, max: 1e14 }),
        fc.integer({ min: -1e13, max: 1e14 }),
        (a, b, s, t) => {
          expect(slotRunId(a, s)).toMatch(UUID)
          expect(slotRunId(a, s) === slotRunId(b, t)).toBe(a === b && s === t)
        },
      ),
    )
  })

  it('draws numbers in [0, 1) from the system', () => {
    const numbers = Array.from({ length: 1_000 }, systemRandom)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(new Set(numbers).size).toBeGreaterThan(990)
  })
})
