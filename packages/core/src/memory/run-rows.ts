/** Runs: how a row is made, how its state changes, and what callers see of it. */
import { nextRunState, type RunAction } from '../run/run-state.ts'
import type { RunRecord } from '../store/records.ts'
import { obtainKey } from './job-rows.ts'
import type { JobRow, RunRow, ScheduleDetail } from './rows.ts'
import type { MemoryState } from './state.ts'

/** What is known of a run when it is made; the rest begins empty. */
export type NewRun = Pick<RunRow, 'id' | 'trigger' | 'payload' | 'priority' | 'runAt' | 'overlap'> & {
  readonly key: string
  readonly gates: readonly string[]
  readonly schedule?: string
  readonly slot?: number | undefined
  readonly merging?: readonly string[] | null
  readonly triggers?: number
  readonly replayOf?: string | undefined
  readonly trace?: string | undefined
  readonly debounced?: boolean
  readonly open?: boolean
  readonly ledger?: ScheduleDetail
}

/** A pending run, entered into every index but that of runs to be claimed. */
export function createRun(state: MemoryState, job: JobRow, run: NewRun): RunRow {
  const row: RunRow = {
    kind: 'run',
    id: run.id,
    sequence: ++state.sequence,
    job,
    key: obtainKey(job, run.key),
    state: 'pending',
    trigger: run.trigger,
    schedule: run.schedule ?? null,
    slot: run.slot ?? null,
    payload: run.payload,
    merging: run.merging ?? null,
    priority: run.priority,
    runAt: run.runAt,
    createdAt: state.now,
    startedAt: null,
    finishedAt: null,
    overlap: run.overlap,
    gates: run.gates.length === 0 ? NONE : [...run.gates].sort(),
    attempt: 0,
    failures: 0,
    crashes: 0,
    suspect: false,
    owner: null,
    fence: 0,
    open: run.open ?? false,
    triggers: run.triggers ?? 1,
    cancelRequested: null,
    reason: null,
    progress: null,
    result: null,
    error: null,
    attempts: NONE,
    replayOf: run.replayOf ?? null,
    trace: run.trace ?? null,
    debounced: run.debounced ?? false,
    started: false,
    heapIndex: -1,
    heap: null,
    line: null,
    promotedBy: null,
    settled: null,
    ledger: run.ledger ?? null,
    aliveLink: null,
    kindLink: null,
    ageLink: null,
  }
  state.runs.set(row.id, row)
  job.runs.add(row.sequence, row)
  row.ledger?.runs.add(row.slot ?? 0, row)
  row.aliveLink = row.key.alive.push(row)
  if (row.open) row.key.open = row
  if (!row.debounced) row.key.busy++
  countState(row, 1)
  return row
}

/** The only way a run changes its state. Throws when the table forbids it: that would be a bug of this store. */
export function changeState(row: RunRow, action: RunAction): void {
  const next = nextRunState(row.state, action)
  if (next === null) throw new Error(`memory store: run ${row.id} is ${row.state}, so it cannot ${action}; this is a bug of the store`)
  countState(row, -1)
  row.state = next
  countState(row, 1)
}

/** Keeps the counts of the job and the key: `by` is 1 when a run enters its state, -1 when it leaves it. */
export function countState({ job, key, state, trigger }: RunRow, by: 1 | -1): void {
  if (state === 'pending') job.pending += by
  else if (state === 'waiting') job.waiting += by
  else if (state === 'running') job.running += by
  if (trigger === 'schedule' && (state === 'pending' || state === 'waiting')) key.standing += by
}

/** No more triggers join this run. */
export function closeRun(row: RunRow): void {
  row.open = false
  if (row.key.open === row) row.key.open = null
}

/** A copy for the caller. */
export function toRunRecord(row: RunRow): RunRecord {
  return {
    id: row.id,
    job: row.job.name,
    key: row.key.name,
    state: row.state,
    trigger: row.trigger,
    schedule: row.schedule,
    slot: row.slot,
    payload: row.payload,
    merging: row.merging === null ? null : [...row.merging],
    priority: row.priority,
    runAt: row.runAt,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    overlap: row.overlap,
    gates: [...row.gates],
    attempt: row.attempt,
    failures: row.failures,
    crashes: row.crashes,
    suspect: row.suspect,
    owner: row.owner?.id ?? null,
    fence: row.fence,
    open: row.open,
    triggers: row.triggers,
    cancelRequested: row.cancelRequested,
    reason: row.reason,
    progress: row.progress,
    result: row.result,
    error: row.error === null ? null : { ...row.error },
    attempts: row.attempts.map((attempt) => ({ ...attempt, error: attempt.error === null ? null : { ...attempt.error } })),
    replayOf: row.replayOf,
    trace: row.trace,
  }
}

const NONE: readonly never[] = []
