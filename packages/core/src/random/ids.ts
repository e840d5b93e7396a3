/** Identities: UUID version 7 for what is new, a derived UUID version 8 for the run of a slot. */
import type { Random } from './random.ts'

/** Makes ids that sort by creation within a process. */
export type NextId = () => string

/** UUID v7 (RFC 9562): 48 bits of time, then a counter within the millisecond, then 62 random bits. */
export function createIds(now: () => number, random: Random): NextId {
  let lastAt = 0
  let counter = 0
  return () => {
    const at = Math.max(now(), lastAt)
    counter = at === lastAt ? counter + 1 : 0
    lastAt = counter > 0xfff ? at + 1 : at
    if (counter > 0xfff) counter = 0
    return `${timePart(lastAt)}-7${hex(counter, 3)}-${hex(0x8000 | (random() * 0x4000), 4)}-${hex(random() * 2 ** 24, 6)}${hex(random() * 2 ** 24, 6)}`
  }
}

/**
 * The run id of (schedule incarnation, slot): the slot's time, then the incarnation's own random
 * bits. Every node derives the same one, so the primary key is a second guard against a doubled slot.
 */
export function slotRunId(incarnation: string, slot: number): string {
  return `${timePart(slot)}-8${incarnation.slice(15)}`
}

function timePart(at: number): string {
  // Instants before 1970 are legal slots: they wrap, and stay distinct.
  const text = hex(at < 0 ? at + 2 ** 48 : at, 12)
  return `${text.slice(0, 8)}-${text.slice(8)}`
}

function hex(value: number, digits: number): string {
  return Math.floor(value).toString(16).padStart(digits, '0')
}
