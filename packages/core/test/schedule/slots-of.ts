/** The code under test, asked the way tests want to ask. */
import { nextCronSlot, previousCronSlot } from '../../src/schedule/next-cron-slot.ts'
import { normaliseCron } from '../../src/schedule/normalise-cron.ts'
import { parseCron } from '../../src/schedule/parse-cron.ts'
import { findZone } from '../../src/time/zone.ts'

export function next(expression: string, timeZone: string, after: number): number | null {
  return nextCronSlot(parseCron(normaliseCron(expression)), findZone(timeZone), after)
}

export function previous(expression: string, timeZone: string, before: number): number | null {
  return previousCronSlot(parseCron(normaliseCron(expression)), findZone(timeZone), before)
}

/** All slots in `[fromAt, toAt)`, found forwards. */
export function slotsForward(expression: string, timeZone: string, fromAt: number, toAt: number): number[] {
  const slots: number[] = []
  let slot = next(expression, timeZone, fromAt - 1)
  while (slot !== null && slot < toAt) {
    slots.push(slot)
    slot = next(expression, timeZone, slot)
    // A slot that does not move on would never end.
    if (slot !== null && slot <= (slots.at(-1) as number))
      throw new Error(`${expression} in ${timeZone}: ${slot} does not lie after ${slots.at(-1)}`)
  }
  return slots
}

/** The same slots, found backwards. */
export function slotsBackward(expression: string, timeZone: string, fromAt: number, toAt: number): number[] {
  const slots: number[] = []
  let slot = previous(expression, timeZone, toAt)
  while (slot !== null && slot >= fromAt) {
    slots.unshift(slot)
    const before = slot
    slot = previous(expression, timeZone, before)
    if (slot !== null && slot >= before) throw new Error(`${expression} in ${timeZone}: ${slot} does not lie before ${before}`)
  }
  return slots
}

export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
