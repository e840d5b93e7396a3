/** Gives a job a new name: record, schedules, history and running work go on under it. */
import { jobGate, keyGate } from '../store/gates.ts'
import { holdGates, releaseGates, unwait, withdraw } from './gates.ts'
import { file, unfile } from './history.ts'
import { obtainKey } from './job-rows.ts'
import type { JobRow, RunRow } from './rows.ts'
import { placeRun, reindexRuns } from './run-index.ts'
import { countState } from './run-rows.ts'
import { reindexDue, reindexSchedule } from './schedule-records.ts'
import type { MemoryState } from './state.ts'

/** The row of `job` keeps everything; what came under the new name before its definition joins it. */
export function renameJob(state: MemoryState, job: JobRow, name: string): void {
  const former = job.name
  const early = state.jobs.get(name)
  const alive = [job, ...(early === undefined ? [] : [early])].flatMap(aliveRuns)
  for (const row of alive) lift(state, row)
  state.jobs.delete(former)
  job.name = name
  job.gateName = jobGate(name)
  state.jobs.set(name, job)
  if (early !== undefined) join(state, early, job)
  for (const row of alive) row.gates = renameGates(row.gates, former, name)
  renameStuckGates(state, former, name)
  for (const row of alive) putBack(state, row)
  reindexRuns(state, job)
  reindexDue(state, job)
}

function aliveRuns(job: JobRow): RunRow[] {
  const rows: RunRow[] = []
  for (const key of job.keys.values()) for (let link = key.alive.first; link !== null; link = link.next) rows.push(link.item)
  return rows
}

/** Takes a run off its gates and out of the indexes; nothing else runs before it is put back. */
function lift(state: MemoryState, row: RunRow): void {
  if (row.state === 'running') releaseGates(state, row.gates)
  else if (row.state === 'waiting') unwait(state, row)
  else withdraw(state, row)
}

/** What waited is pending now: the next claim sends it to wait at the renamed gate. */
function putBack(state: MemoryState, row: RunRow): void {
  if (row.state === 'running') holdGates(state, row.gates)
  else placeRun(state, row)
}

function renameGates(gates: readonly string[], former: string, name: string): readonly string[] {
  const prefix = keyGate(former, '')
  const renamed = gates.map((gate) => {
    if (gate === jobGate(former)) return jobGate(name)
    return gate.startsWith(prefix) ? keyGate(name, gate.slice(prefix.length)) : gate
  })
  return renamed.sort()
}

function renameStuckGates(state: MemoryState, former: string, name: string): void {
  for (const { stuck } of state.owners.values()) {
    for (const [attempt, gates] of stuck) {
      releaseGates(state, gates)
      const renamed = renameGates(gates, former, name)
      holdGates(state, renamed)
      stuck.set(attempt, renamed)
    }
  }
}

/** Moves all that stands under `early` to `job`, whose own schedules win. */
function join(state: MemoryState, early: JobRow, job: JobRow): void {
  for (const row of early.runs.above(0)) moveRun(row, job)
  for (const name of early.schedules.names()) {
    const row = early.schedules.find(name) as number
    const detail = early.schedules.detail(row)
    for (const skip of detail?.skips.above(Number.NEGATIVE_INFINITY) ?? []) {
      unfile(skip)
      skip.key = obtainKey(job, skip.key.name)
      file(skip)
    }
    if (job.schedules.find(name) === undefined) reindexSchedule(state, job, job.schedules.adopt(early.schedules, row))
  }
  job.suspended ??= early.suspended
  job.idempotency.absorb(early.idempotency)
  job.windows.absorb(early.windows)
  state.readyJobs.delete(early)
  if (early.timed.heapIndex !== -1) state.timedJobs.remove(early.timed)
  if (early.due.heapIndex !== -1) state.dueJobs.remove(early.due)
}

function moveRun(row: RunRow, to: JobRow): void {
  const { key, aliveLink } = row
  const isCounted = aliveLink !== null && (!row.debounced || row.fence > 0)
  countState(row, -1)
  if (aliveLink !== null) key.alive.remove(aliveLink)
  else unfile(row)
  if (isCounted) key.busy--
  row.job = to
  row.key = obtainKey(to, key.name)
  countState(row, 1)
  to.runs.add(row.sequence, row)
  if (isCounted) row.key.busy++
  if (aliveLink === null) file(row)
  else row.aliveLink = row.key.alive.push(row)
  // One run of a key takes triggers in: the one that came first.
  if (row.open && row.key.open === null) row.key.open = row
  else row.open = false
}
