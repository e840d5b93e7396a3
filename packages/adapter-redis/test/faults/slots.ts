/** The slots of interval schedules, counted without the engine's help: from the definition, step by step. */
import type { ScheduleRecord, Store } from '@quarterjack/core/store'

/** A run's slot, or a stretch that was skipped. */
interface Entry {
  readonly from: number
  readonly to: number
  readonly count: number
}

const PAGE = 1_000

/** Throws for a slot up to the cursor that has no record or several. Answers how many slots there were. */
export async function countSlots(store: Store): Promise<number> {
  let slots = 0
  for (const schedule of await allSchedules(store)) slots += walk(schedule, await entriesOf(store, schedule))
  return slots
}

export async function allSchedules(store: Store): Promise<readonly ScheduleRecord[]> {
  const found: ScheduleRecord[] = []
  for (;;) {
    const last = found.at(-1)
    const after = last === undefined ? {} : { after: { job: last.job, name: last.name } }
    const { schedules } = await store.schedules.list({ limit: PAGE, ...after })
    found.push(...schedules)
    if (schedules.length < PAGE) return found
  }
}

async function entriesOf(store: Store, { job, name }: ScheduleRecord): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  let after: number | null = null
  for (;;) {
    const page = await store.schedules.ledger({ job, name, after, limit: PAGE })
    entries.push(...page.runs.map(({ slot }) => ({ from: slot, to: slot, count: 1 })))
    entries.push(...page.skips.map(({ from, to, count }) => ({ from, to, count: count ?? 0 })))
    if (!page.more) return entries.toSorted((a, b) => a.from - b.from)
    after = Math.max(...entries.map(({ to }) => to))
  }
}

function walk({ job, name, spec, createdAt, cursor }: ScheduleRecord, entries: readonly Entry[]): number {
  const { everyMs, startAt } = JSON.parse(spec) as { readonly everyMs: number; readonly startAt?: number | null }
  let slot = Math.max((Math.floor(createdAt / everyMs) + 1) * everyMs, Math.ceil((startAt ?? 0) / everyMs) * everyMs)
  let slots = 0
  for (const { from, to, count } of entries) {
    const steps = (to - from) / everyMs + 1
    if (from !== slot) throw new Error(`Schedule ${job} ${name}: the record after ${slots} slots is of ${from}; ${slot} was next.`)
    if (steps !== count) throw new Error(`Schedule ${job} ${name}: ${count} slots are counted from ${from} to ${to}; there are ${steps}.`)
    slots += steps
    slot = to + everyMs
  }
  if (slot <= cursor) throw new Error(`Schedule ${job} ${name}: slot ${slot} has no record, and the cursor is at ${cursor}.`)
  return slots
}
