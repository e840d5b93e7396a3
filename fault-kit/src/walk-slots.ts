/** The slots of interval schedules, counted without the engine's help: from the definition, step by step. */
import type { KeptSchedule, SlotEntry, StoreLook } from './store-look.ts'

/** Throws for a slot up to the cursor that has no record or several. Answers how many slots there were. */
export async function countSlots(look: Pick<StoreLook, 'schedules' | 'entries'>): Promise<number> {
  const entries = await look.entries()
  const schedules = await look.schedules()
  return schedules.reduce((sum, schedule) => sum + walkSlots(schedule, entries.get(schedule.id) ?? []), 0)
}

/** The same for one schedule. */
export function walkSlots({ id, everyMs, createdAt, startAt, cursor }: KeptSchedule, entries: readonly SlotEntry[]): number {
  let slot = Math.max((Math.floor(createdAt / everyMs) + 1) * everyMs, Math.ceil((startAt ?? 0) / everyMs) * everyMs)
  let slots = 0
  for (const { from, to, count } of entries.toSorted((a, b) => a.from - b.from)) {
    const steps = (to - from) / everyMs + 1
    if (from !== slot) throw new Error(`Schedule ${id}: the record after ${slots} slots is of ${from}; ${slot} was next.`)
    if (steps !== count) throw new Error(`Schedule ${id}: ${count} slots are counted from ${from} to ${to}; there are ${steps}.`)
    slots += steps
    slot = to + everyMs
  }
  if (slot <= cursor) throw new Error(`Schedule ${id}: slot ${slot} has no record, and the cursor is at ${cursor}.`)
  return slots
}
