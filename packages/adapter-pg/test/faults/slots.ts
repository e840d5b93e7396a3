/** The slots of interval schedules, counted without the engine's help: from the definition, step by step. */
import type { Site } from './site.ts'

interface Schedule {
  readonly id: string
  readonly everyMs: number
  readonly createdAt: number
  /** There are no slots before; null for no bound. */
  readonly startAt: number | null
  readonly cursor: number
}

/** A run's slot, or a stretch that was skipped. */
interface Entry {
  readonly id: string
  readonly from: number
  readonly to: number
  readonly count: number
}

const SCHEDULES = `
  select id::text, (spec::json->>'everyMs')::float8 as "everyMs", (spec::json->>'startAt')::float8 as "startAt",
    created_at::float8 as "createdAt", cursor::float8 as cursor
  from quarterjack.schedules`
const ENTRIES = `
  select schedule_id::text as id, slot::float8 as "from", slot::float8 as "to", 1::float8 as count
  from (select schedule_id, slot, trigger from quarterjack.history union all select schedule_id, slot, trigger from quarterjack.runs) r
  where trigger = 'schedule'
  union all
  select schedule_id::text, from_slot::float8, to_slot::float8, count::float8 from quarterjack.skips`

/** Throws for a slot up to the cursor that has no record or several. Answers how many slots there were. */
export async function countSlots(site: Pick<Site, 'query'>): Promise<number> {
  const entries = Map.groupBy(await site.query<Entry>(ENTRIES), ({ id }) => id)
  const schedules = await site.query<Schedule>(SCHEDULES)
  return schedules.reduce((sum, schedule) => sum + walk(schedule, entries.get(schedule.id) ?? []), 0)
}

function walk({ id, everyMs, createdAt, startAt, cursor }: Schedule, entries: readonly Entry[]): number {
  const sorted = entries.toSorted((a, b) => a.from - b.from)
  let slot = Math.max((Math.floor(createdAt / everyMs) + 1) * everyMs, Math.ceil((startAt ?? 0) / everyMs) * everyMs)
  let slots = 0
  for (const { from, to, count } of sorted) {
    const steps = (to - from) / everyMs + 1
    if (from !== slot) throw new Error(`Schedule ${id}: the record after ${slots} slots is of ${from}; ${slot} was next.`)
    if (steps !== count) throw new Error(`Schedule ${id}: ${count} slots are counted from ${from} to ${to}; there are ${steps}.`)
    slots += steps
    slot = to + everyMs
  }
  if (slot <= cursor) throw new Error(`Schedule ${id}: slot ${slot} has no record, and the cursor is at ${cursor}.`)
  return slots
}
