/** Checks of one zone against the minute walk, used by the quick and the full tier. */
import { expect } from 'vitest'
import { findTransitions, type LocalClock, localClock, slotsOfWalk, type Transition, walkTime } from './minute-walk.ts'
import { iso, next, previous, slotsBackward, slotsForward } from './slots-of.ts'

export const FROM_AT: number = Date.UTC(1980, 0, 1)
/** Fifty years. */
export const TO_AT: number = Date.UTC(2030, 0, 1)

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A small generator with a seed, so that a failure can be repeated. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export interface ZoneChanges {
  readonly clock: LocalClock
  readonly transitions: readonly Transition[]
}

const known = new Map<string, ZoneChanges>()

/** The changes of offset of a zone in the fifty years. */
export function changesOf(timeZone: string): ZoneChanges {
  const clock = localClock(timeZone)
  const changes = known.get(timeZone) ?? { clock, transitions: findTransitions(clock, FROM_AT, TO_AT) }
  known.set(timeZone, changes)
  return changes
}

/** Compares every slot near one change of offset, in both directions, and the answers to random questions. Returns how many slots were compared. */
export function checkTransition(timeZone: string, clock: LocalClock, transition: Transition, random: (below: number) => number): number {
  const reach = Math.abs(transition.shiftMs) + 2 * HOUR_MS
  // The fixed-time kind of the walk must have seen what the clocks showed before the stretch that is compared.
  const walk = walkTime(clock, transition.at - 2 * reach, transition.at + reach)
  const fromAt = transition.at - reach
  let compared = 0
  for (const expression of expressionsNear(clock, transition, random)) {
    const label = `${expression} in ${timeZone} around ${iso(transition.at)}`
    const expected = slotsOfWalk(expression, walk).filter((slot) => slot >= fromAt)
    expect(slotsForward(expression, timeZone, fromAt, walk.toAt), label).toEqual(expected)
    expect(slotsBackward(expression, timeZone, fromAt, walk.toAt), `${label}, backwards`).toEqual(expected)
    for (let question = 0; question < 8; question++) {
      const at = fromAt + random(walk.toAt - fromAt)
      const after = expected.find((slot) => slot > at)
      const before = expected.findLast((slot) => slot < at)
      if (after !== undefined) expect(next(expression, timeZone, at), `${label}, next after ${iso(at)}`).toBe(after)
      if (before !== undefined) expect(previous(expression, timeZone, at), `${label}, previous before ${iso(at)}`).toBe(before)
    }
    compared += expected.length
  }
  return compared
}

/**
 * Fifty years of one daily local time: exactly one slot for each local day, in order, at the time itself or, when that
 * was skipped, at the change that skipped it; and the same backwards. Returns the number of days.
 */
export function checkDaily(
  timeZone: string,
  clock: LocalClock,
  transitions: readonly Transition[],
  timeOfDay: { hour: number; minute: number },
): number {
  const expression = `${timeOfDay.minute} ${timeOfDay.hour} * * *`
  const changes = new Set(transitions.map(({ at }) => at))
  const firstDay = Math.floor(clock(FROM_AT) / DAY_MS) + 1
  const lastDay = Math.floor(clock(TO_AT) / DAY_MS) - 1
  const time = timeOfDay.hour * HOUR_MS + timeOfDay.minute * 60_000
  let slot = next(expression, timeZone, FROM_AT)
  // The first local day is incomplete.
  if (slot !== null && clock(slot) < firstDay * DAY_MS) slot = next(expression, timeZone, slot)
  let before: number | null = null
  for (let day = firstDay; day <= lastDay; day++) {
    const wanted = day * DAY_MS + time
    const label = `${expression} in ${timeZone}, day ${iso(day * DAY_MS)?.slice(0, 10)}`
    if (slot === null) throw new Error(`${label}: exhausted`)
    const local = clock(slot)
    if (local !== wanted && !(local > wanted && changes.has(slot))) throw new Error(`${label}: fires at ${iso(local)} local time`)
    if (slot !== before && before !== null && previous(expression, timeZone, slot) !== before)
      throw new Error(`${label}: the slot before is not ${iso(before)}`)
    before = slot
    // Where a whole day was skipped, its midnight and the next day's are one slot.
    if (local !== wanted + DAY_MS) slot = next(expression, timeZone, slot)
  }
  return lastDay - firstDay + 1
}

function expressionsNear(clock: LocalClock, { at, shiftMs }: Transition, random: (below: number) => number): readonly string[] {
  // A local time that is skipped or repeated, and one anywhere nearby.
  const touched = new Date(clock(at - 60_000) + 60_000 + (shiftMs > 0 ? random(shiftMs) : -random(-shiftMs)))
  const nearby = new Date(clock(at) + random(4 * HOUR_MS) - 2 * HOUR_MS)
  const hour = touched.getUTCHours()
  const minute = touched.getUTCMinutes()
  const all = [
    `${minute} ${hour} * * *`,
    `${nearby.getUTCMinutes()} ${nearby.getUTCHours()} * * *`,
    `0,${1 + random(59)} ${hour} * * *`,
    `${minute} ${hour},${(hour + 1) % 24} * * *`,
    `0 ${hour},${(hour + 1) % 24},${(hour + 23) % 24} * * *`,
    `${minute} ${hour} ${touched.getUTCDate()} ${touched.getUTCMonth() + 1} *`,
    `${minute} ${hour} * * ${touched.getUTCDay()}`,
    `${minute} ${hour} ${touched.getUTCDate()} * ${(touched.getUTCDay() + 3) % 7}`,
    `${minute}-59 ${hour} L * ${touched.getUTCDay()}L`,
    `*/${5 + random(25)} ${hour} * * *`,
    `*/${5 + random(25)} * * * *`,
    `${minute} * * * *`,
    `${minute} */${1 + random(5)} * * *`,
    `*/15 0-22 * * *`,
    `${random(30)},${30 + random(30)} 0-22 * * *`,
    `* ${hour} * ${touched.getUTCMonth() + 1} *`,
    `*/${3 + random(20)} ${hour} ${touched.getUTCDate()} ${touched.getUTCMonth() + 1} *`,
    `5-55/10 0-23 * * *`,
    `0 0 * * *`,
  ]
  const first = random(all.length)
  return [all[0] as string, ...[0, 5, 11].map((step) => all[(first + step) % all.length] as string)]
}
