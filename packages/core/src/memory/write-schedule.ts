/** Writing schedules: created, changed, or left alone (engine rules 4, 6). */
import type { ScheduleWrite, ScheduleWriteReply } from '../store/schedules.ts'
import type { Tick } from '../store/tick.ts'
import { obtainJob } from './job-rows.ts'
import { recordSkip } from './ledger.ts'
import type { JobRow } from './rows.ts'
import { isStatic, moveCursor, reindexDue, reindexSchedule, trimHistory } from './schedule-records.ts'
import { begin, share, type MemoryState } from './state.ts'

/** The verb. */
export function setSchedules(
  state: MemoryState,
  request: { readonly schedules: readonly ScheduleWrite[]; readonly now?: number | undefined },
): { replies: ScheduleWriteReply[] } & Tick {
  const storeNow = begin(state, request.now)
  const replies = request.schedules.map((write) => writeSchedule(state, obtainJob(state, write.job), write))
  return { replies, storeNow }
}

/** One schedule, whole. */
export function writeSchedule(state: MemoryState, job: JobRow, write: ScheduleWrite): ScheduleWriteReply {
  const table = job.schedules
  const row = table.find(write.name)
  if (row === undefined) return create(state, job, write)
  if (!isChange(job, row, write)) return { status: 'unchanged', cursor: table.cursor(row) }
  if (table.cursor(row) > write.asOf) return { status: 'stale', cursor: table.cursor(row) }
  change(state, job, row, write)
  return { status: 'changed', cursor: write.asOf }
}

/** The write would change the schedule, but was computed before its cursor moved on. */
export function isStaleWrite(job: JobRow, write: ScheduleWrite): boolean {
  const row = job.schedules.find(write.name)
  return row !== undefined && isChange(job, row, write) && job.schedules.cursor(row) > write.asOf
}

function isChange({ schedules }: JobRow, row: number, write: ScheduleWrite): boolean {
  // What one version cannot read, another writes again just as it is.
  if (schedules.detail(row)?.quarantined) return true
  return schedules.spec(row) !== write.spec || schedules.payload(row) !== write.payload
}

function create(state: MemoryState, job: JobRow, write: ScheduleWrite): ScheduleWriteReply {
  const { name, key, incarnation, asOf, nextSlot, nextDueAt } = write
  if (state.removed.has(incarnation)) return { status: 'created', cursor: asOf }
  const row = job.schedules.add({
    name,
    incarnation,
    spec: share(state, write.spec),
    payload: write.payload === null ? null : share(state, write.payload),
    cursor: asOf,
    nextSlot,
    nextDueAt,
    createdAt: asOf,
  })
  if (key !== name) job.schedules.ensureDetail(row).key = key
  if (isStatic(name)) job.statics.add(name)
  reindexDue(state, job)
  return { status: 'created', cursor: asOf }
}

/** What the old spec still owed becomes one range; the new one begins after `asOf`, and nothing fires in retrospect. */
function change(state: MemoryState, job: JobRow, row: number, write: ScheduleWrite): void {
  const table = job.schedules
  const detail = table.ensureDetail(row)
  const from = table.nextSlot(row)
  if (from !== null && from <= write.asOf) recordSkip(state, job, row, { reason: 'superseded', from, to: write.asOf, count: null })
  detail.history = [
    ...detail.history,
    { generation: table.generation(row), spec: table.spec(row), until: write.asOf, cursor: table.cursor(row), nextSlot: from },
  ]
  detail.quarantined = null
  table.redefine(row, share(state, write.spec), write.payload)
  moveCursor(job, row, { cursor: write.asOf, nextSlot: write.nextSlot, nextDueAt: write.nextDueAt })
  trimHistory(detail)
  reindexSchedule(state, job, row)
}
