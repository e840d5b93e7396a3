/** Schedules: how their rows change, what keeps them in the due index, and what callers see of them. */
import type { JobRecord, ScheduleRecord } from '../store/records.ts'
import type { JobRow, ScheduleDetail } from './rows.ts'
import type { MemoryState } from './state.ts'

/** Earlier specs kept with a schedule: beyond, only later slots can be enumerated. */
const MOST_HISTORY = 100

/** Static schedules are named `#…`. */
export function isStatic(name: string): boolean {
  return name.startsWith('#')
}

/** Puts a schedule where it belongs in the due index; to be called after every change of it. */
export function reindexSchedule(state: MemoryState, job: JobRow, row: number): void {
  const detail = job.schedules.detail(row)
  job.schedules.index(row, detail === undefined || (detail.suspended === null && detail.quarantined === null))
  reindexDue(state, job)
}

/** Corrects a job's place among jobs by what is due first. */
export function reindexDue(state: MemoryState, job: JobRow): void {
  const { due } = job
  const at = job.suspended === null ? (job.schedules.earliestDueAt() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
  if (due.at === at) return
  if (at < due.at) state.hints.tell([{ kind: 'work' }])
  due.at = at
  if (due.heapIndex === -1) state.dueJobs.push(due)
  else if (at === Number.POSITIVE_INFINITY) state.dueJobs.remove(due)
  else state.dueJobs.update(due)
}

/** Removes a schedule; its runs stay. */
export function removeSchedule(state: MemoryState, job: JobRow, row: number): void {
  const name = job.schedules.name(row)
  if (isStatic(name)) job.statics.delete(name)
  else state.removed.set(job.schedules.incarnation(row), true)
  job.schedules.remove(row)
  reindexDue(state, job)
}

/** Moves the cursor forward; stretches of suspension that it passes are over. */
export function moveCursor(
  job: JobRow,
  row: number,
  to: { readonly cursor: number; readonly nextSlot: number | null; readonly nextDueAt: number | null },
): void {
  const cursor = Math.max(job.schedules.cursor(row), to.cursor)
  job.schedules.move(row, { ...to, cursor })
  const detail = job.schedules.detail(row)
  if (detail !== undefined && detail.stretches.length > 0) detail.stretches = detail.stretches.filter((stretch) => stretch[1] > cursor)
}

/** Forgets specs that no slot after the horizon came from, except those that uncounted ranges are still to be counted by. */
export function trimHistory(detail: ScheduleDetail): void {
  const surplus = detail.history.at(-1 - MOST_HISTORY)
  if (surplus !== undefined) detail.horizon = Math.max(detail.horizon ?? surplus.until, surplus.until)
  const { horizon } = detail
  if (horizon === null || (detail.history[0]?.until ?? Number.POSITIVE_INFINITY) > horizon) return
  const uncounted = new Set<number>()
  for (const range of detail.skips.above(Number.NEGATIVE_INFINITY)) if (range.count === null) uncounted.add(range.specGeneration)
  detail.history = detail.history.filter(({ until, generation }) => until > horizon || uncounted.has(generation))
}

/** A copy for the caller. */
export function toScheduleRecord(job: JobRow, row: number): ScheduleRecord {
  const table = job.schedules
  const detail = table.detail(row)
  return {
    job: job.name,
    name: table.name(row),
    key: detail?.key ?? table.name(row),
    incarnation: table.incarnation(row),
    generation: table.generation(row),
    spec: table.spec(row),
    payload: table.payload(row),
    cursor: table.cursor(row),
    nextSlot: table.nextSlot(row),
    nextDueAt: table.nextDueAt(row),
    suspended: detail?.suspended ? { ...detail.suspended } : null,
    suspendedStretches: copyStretches(detail?.stretches ?? []),
    slots: table.slots(row),
    folded: { ...detail?.folded },
    horizon: detail?.horizon ?? null,
    history: detail?.history.map((one) => ({ ...one })) ?? [],
    createdAt: table.createdAt(row),
    quarantined: detail?.quarantined ?? null,
  }
}

/** A copy for the caller. */
export function toJobRecord(job: JobRow, declared: readonly string[]): JobRecord {
  return {
    job: job.name,
    generation: job.generation,
    hash: job.hash,
    superseded: [...job.superseded],
    declared,
    concurrency: job.concurrency,
    rateLimit: job.rateLimit === null ? null : { ...job.rateLimit },
    suspended: job.suspended === null ? null : { ...job.suspended },
    suspendedStretches: copyStretches(job.stretches),
  }
}

/** A copy for the caller. */
export function copyStretches(stretches: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  return stretches.map(([from, to]) => [from, to])
}
