/** Slots against the minute walk: representative zones by default, every zone over fifty years in the full tier. */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { localClock, slotsOfWalk, walkTime } from './minute-walk.ts'
import { slotsBackward, slotsForward } from './slots-of.ts'
import { checkDaily, checkTransition, createRandom, changesOf } from './zone-changes.ts'

// Many cases in one test; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'

const REPRESENTATIVE = [
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Europe/Dublin',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Santiago',
  'Asia/Beirut',
  'America/Havana',
  'Pacific/Apia',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Antarctica/Troll',
  'Asia/Tehran',
  'Asia/Pyongyang',
  'America/Caracas',
  'America/St_Johns',
  'America/Noronha',
  'Pacific/Kiritimati',
  'Asia/Gaza',
  'Europe/Lisbon',
]
const ZONES = FULL ? ['UTC', ...Intl.supportedValuesOf('timeZone')] : REPRESENTATIVE
const TRANSITIONS_PER_ZONE = FULL ? Number.POSITIVE_INFINITY : 12

describe('every zone against the minute walk', () => {
  it.each(ZONES)('%s', (timeZone) => {
    const random = createRandom([...timeZone].reduce((seed, letter) => Math.imul(seed, 31) + letter.charCodeAt(0), 7))
    const { clock, transitions } = changesOf(timeZone)
    const sampled = sample(transitions, TRANSITIONS_PER_ZONE, random)
    let compared = 0
    for (const transition of sampled) compared += checkTransition(timeZone, clock, transition, random)
    expect(compared).toBeGreaterThanOrEqual(sampled.length)
    for (const timeOfDay of [...(FULL ? [{ hour: 0, minute: 0 }] : []), { hour: random(24), minute: random(60) }]) {
      expect(checkDaily(timeZone, clock, transitions, timeOfDay)).toBeGreaterThan(50 * 365)
    }
  })
})

describe('random expressions against the walk', () => {
  const days = fc.constantFrom('*', '*', '1', '8-14', '13', '29', 'L', '*/2', '31', '15,L')
  const weekdays = fc.constantFrom('*', '*', '0', '1-5', 'SAT,SUN', '7', '5L', '1#1', '6#5', '2-4/2')
  const hours = fc.oneof(fc.constantFrom('*', '*/2', '*/5', '0-22', '1-3', '2', '22-23'), fc.integer({ min: 0, max: 23 }).map(String))
  const minutes = fc.oneof(fc.constantFrom('*/7', '*/15', '0,30', '*', '59', '10-20/3'), fc.integer({ min: 0, max: 59 }).map(String))
  const months = fc.constantFrom('*', '*', '3', 'MAR,APR,OCT,NOV', '*/2', '9-11')

  it('minutes, over three days at any change of a representative zone', () => {
    const changes = REPRESENTATIVE.slice(1).map((timeZone) => ({ timeZone, ...changesOf(timeZone) }))
    const withChanges = changes.filter(({ transitions }) => transitions.length > 0)
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.array(fc.tuple(minutes, hours, days, months, weekdays), { minLength: 6, maxLength: 6 }),
        (zone, change, lists) => {
          const { timeZone, clock, transitions } = withChanges[zone % withChanges.length] as (typeof withChanges)[number]
          const { at } = transitions[change % transitions.length] as (typeof transitions)[number]
          const walk = walkTime(clock, at - 48 * 3_600_000, at + 30 * 3_600_000)
          const fromAt = at - 20 * 3_600_000
          for (const fields of lists) {
            const expression = fields.join(' ')
            const expected = slotsOfWalk(expression, walk).filter((slot) => slot >= fromAt)
            expect(slotsForward(expression, timeZone, fromAt, walk.toAt), `${expression} in ${timeZone}`).toEqual(expected)
            expect(slotsBackward(expression, timeZone, fromAt, walk.toAt), `${expression} in ${timeZone}`).toEqual(expected)
          }
        },
      ),
      { numRuns: FULL ? 2_000 : 40 },
    )
  })

  it.each([
    ['Europe/Berlin', '2026-03-29T01:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
    ['Antarctica/Troll', '2026-03-29T01:00Z'],
  ])(
    'seconds in %s at %s',
    (timeZone, change) => {
      const at = Date.parse(change)
      const walk = walkTime(localClock(timeZone), at - 7_800_000, at + 7_800_000, 1_000)
      const fromAt = at - 3_900_000
      const hour = new Date(walk.local[7_799] as number).getUTCHours()
      for (const expression of [
        '30 30 * * * *',
        '*/20 15 * * * *',
        `*/20 15,45 ${hour} * * *`,
        `7 */30 ${hour} * * *`,
        `0-59/17 59 ${hour} * * *`,
        `10,50 0 ${hour},${(hour + 1) % 24} * * *`,
        `59 59 ${(hour + 23) % 24},${hour} * * *`,
      ]) {
        const expected = slotsOfWalk(expression, walk).filter((slot) => slot >= fromAt)
        expect(slotsForward(expression, timeZone, fromAt, walk.toAt), expression).toEqual(expected)
        expect(slotsBackward(expression, timeZone, fromAt, walk.toAt), expression).toEqual(expected)
      }
    },
    60_000,
  )
})

/** Always the newest ones, which have the rules of today; the rest at random. */
function sample<T>(all: readonly T[], count: number, random: (below: number) => number): readonly T[] {
  if (all.length <= count) return all
  const older = all.slice(0, -4)
  return [...all.slice(-4), ...Array.from({ length: count - 4 }, () => older[random(older.length)] as T)]
}
