/** The ledger: what became of each slot of a schedule, until pruning folds it. */
import type { SkipRange, SkipRecord } from '../store/records.ts'
import type { LedgerPage, ScheduleRef } from '../store/schedules.ts'
import { file, noteCrowding } from './history.ts'
import { obtainKey } from './job-rows.ts'
import type { JobRow, RunRow, ScheduleDetail, SkipRow } from './rows.ts'
import { toScheduleRecord, trimHistory } from './schedule-records.ts'
import type { MemoryState } from './state.ts'

/** Writes a range of skipped slots of the present spec; a counted one is added to the schedule's `slots`. */
export function recordSkip(state: MemoryState, job: JobRow, row: number, range: SkipRange): void {
  const ledger = job.schedules.ensureDetail(row)
  const { reason, from, to, count } = range
  const skip: SkipRow = {
    kind: 'range',
    id: `skip-${++state.sequence}`,
    reason,
    from,
    to,
    count,
    specGeneration: job.schedules.generation(row),
    key: obtainKey(job, ledger.key ?? job.schedules.name(row)),
    finishedAt: state.now,
    ledger,
    kindLink: null,
    ageLink: null,
  }
  ledger.skips.add(from, skip)
  file(skip)
  if (count !== null) job.schedules.addSlots(row, count)
}

/** The verb. A page is cut by slot over runs and ranges together, so that the next one can go on after its last slot. */
export function readLedger(
  state: MemoryState,
  request: ScheduleRef & { readonly after: number | null; readonly limit: number },
): LedgerPage {
  const job = state.jobs.get(request.job)
  const row = job?.schedules.find(request.name)
  if (job === undefined || row === undefined) return { schedule: null, runs: [], skips: [], folded: {}, more: false }
  const schedule = toScheduleRecord(job, row)
  const runs: LedgerPage['runs'][number][] = []
  const skips: SkipRecord[] = []
  let more = false
  for (const record of recordsAfter(job.schedules.detail(row), request.after ?? Number.NEGATIVE_INFINITY)) {
    more = runs.length + skips.length >= request.limit
    if (more) break
    if (record.kind === 'range') skips.push(toSkipRecord(record))
    else runs.push({ id: record.id, slot: record.slot as number, state: record.state, reason: record.reason })
  }
  return { schedule, runs, skips, folded: schedule.folded, more }
}

/** The verb. */
export function countSkips(
  state: MemoryState,
  request: ScheduleRef & { readonly counts: readonly { readonly id: string; readonly count: number }[] },
): void {
  const job = state.jobs.get(request.job)
  const row = job?.schedules.find(request.name)
  const ledger = row === undefined ? undefined : job?.schedules.detail(row)
  if (job === undefined || row === undefined || ledger === undefined) return
  const counts = new Map(request.counts.map(({ id, count }) => [id, count]))
  for (const skip of ledger.skips.above(Number.NEGATIVE_INFINITY)) {
    const count = counts.get(skip.id)
    if (count === undefined || skip.count !== null) continue
    skip.count = count
    job.schedules.addSlots(row, count)
    noteCrowding(skip)
  }
  trimHistory(ledger)
}

/** Runs by slot and ranges by their first slot, merged. */
function* recordsAfter(ledger: ScheduleDetail | undefined, after: number): Generator<RunRow | SkipRow, undefined, undefined> {
  if (ledger === undefined) return
  const runs = ledger.runs.above(after)
  let run = runs.next().value
  for (const skip of ledger.skips.above(Number.NEGATIVE_INFINITY)) {
    if (skip.to <= after) continue
    for (; run !== undefined && (run.slot as number) < skip.from; run = runs.next().value) yield run
    yield skip
  }
  for (; run !== undefined; run = runs.next().value) yield run
}

function toSkipRecord({ id, reason, from, to, count, specGeneration }: SkipRow): SkipRecord {
  return { id, reason, from, to, count, specGeneration }
}
