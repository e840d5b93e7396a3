import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cron } from '../../src/schedule/cron.ts'
import { longestCronGap } from '../../src/schedule/longest-cron-gap.ts'
import { normaliseCron } from '../../src/schedule/normalise-cron.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { nextBaseSlot } from '../../src/schedule/slots.ts'
import { parseDuration } from '../../src/time/duration.ts'

const DAY_MS = 86_400_000
const longest = (expression: string): number => longestCronGap(parseCron(normaliseCron(expression)), Number.POSITIVE_INFINITY)

describe('the longest time between two slots', () => {
  it.each([
    ['* * * * * *', '1s'],
    ['*/7 * * * * *', '7s'],
    ['0 * * * *', '1h'],
    ['0,15,45 * * * *', '30m'],
    ['0 9-17 * * *', '16h'],
    ['30 2 * * *', '1d'],
    ['0 9 * * MON-FRI', '3d'],
    ['* * * * * MON', `${6 * 86_400 + 1}s`],
    ['0 0 1 * *', '31d'],
    ['0 0 31 * *', '61d'],
    // From 2096 to 2104.
    ['0 0 29 2 *', `${8 * 365 + 1}d`],
  ])('of %s is %s', (expression, text) => {
    expect(longest(expression)).toBe(parseDuration(text, 'text'))
  })

  it('is without end where there are not two', () => {
    expect(longest('0 0 30 2 *')).toBe(Number.POSITIVE_INFINITY)
  })

  it('ends the search when enough was found', () => {
    expect(longestCronGap(parseCron('0 0 9 * * 1-5'), DAY_MS)).toBe(DAY_MS)
  })

  it('is what walking over the slots finds', () => {
    const list = (from: number, to: number) =>
      fc
        .uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 4 })
        .map((values) => values.toSorted((a, b) => a - b).join())
    const expressions = fc.tuple(list(0, 59), list(0, 23), fc.constantFrom('*', '1,15', '*/5'), fc.constantFrom('*', '1-5', '0,3'))
    fc.assert(
      fc.property(expressions, ([minutes, hours, day, weekday]) => {
        const expression = normaliseCron(`${minutes} ${hours} ${day} * ${weekday}`)
        let most = 0
        for (let slot = nextBaseSlot({ kind: 'cron', expression }, 0), step = 0; slot !== null && step < 3_000; step++) {
          const next = nextBaseSlot({ kind: 'cron', expression }, slot)
          most = Math.max(most, Number(next) - slot)
          slot = next
        }
        expect(longest(expression)).toBeGreaterThanOrEqual(most)
        if (day === '*') expect(longest(expression)).toBe(most)
      }),
      { numRuns: 200 },
    )
  })
})

describe('cron', () => {
  it('takes a jitter up to the longest time between two slots', () => {
    expect(cron('0 9 * * MON-FRI', { jitter: '3d' }).spec.jitterMs).toBe(3 * DAY_MS)
    expect(() => cron('0 9 * * MON-FRI', { jitter: '73h' })).toThrow(/longer than any time between two slots.*at most 3d/)
    expect(cron('H H * * *', { jitter: '2d' }).spec.jitterMs).toBe(2 * DAY_MS)
    expect(cron('0 0 30 2 *', { jitter: '2d' }).spec.jitterMs).toBe(2 * DAY_MS)
  })
})
