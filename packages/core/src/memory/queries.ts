/** Reading runs and gates. */
import type { RunRecord } from '../store/records.ts'
import type { GateRecord, RunQuery } from '../store/runs.ts'
import { limitOf } from './gates.ts'
import type { JobRow, RunRow } from './rows.ts'
import { toRunRecord } from './run-rows.ts'
import type { MemoryState } from './state.ts'

/** The verb. */
export function getRuns(state: MemoryState, request: { readonly ids: readonly string[] }): { runs: (RunRecord | null)[] } {
  const runs = request.ids.map((id) => {
    const row = state.runs.get(id)
    return row === undefined ? null : toRunRecord(row)
  })
  return { runs }
}

/** The verb: newest first, by creation. */
export function findRuns(state: MemoryState, query: RunQuery): { runs: RunRecord[] } {
  const start = query.after === undefined ? Number.POSITIVE_INFINITY : state.runs.get(query.after)?.sequence
  const job = query.job === undefined ? undefined : state.jobs.get(query.job)
  if (query.job !== undefined && job === undefined) return { runs: [] }
  const jobs = job === undefined ? [...state.jobs.values()] : [job]
  const runs: RunRecord[] = []
  for (const row of newestFirst(jobs, start ?? Number.POSITIVE_INFINITY)) {
    if (runs.length >= query.limit) break
    // The run to continue after is gone: ids sort by creation too.
    if (start === undefined && query.after !== undefined && row.id >= query.after) continue
    if (matches(row, query)) runs.push(toRunRecord(row))
  }
  return { runs }
}

/** The verb. What really holds a gate is counted anew, for audits. */
export function listGates(state: MemoryState, request: { readonly names?: readonly string[] | undefined }): { gates: GateRecord[] } {
  const holders = countHolders(state)
  const names =
    request.names ??
    [...state.gates.values()].filter((gate) => gate.held > 0 || gate.waiting + gate.bids.length > 0).map((gate) => gate.name)
  const gates = names.map((name) => {
    const gate = state.gates.get(name)
    return {
      gate: name,
      limit: Math.min(gate?.limit ?? limitOf(state, name), Number.MAX_SAFE_INTEGER),
      held: gate?.held ?? 0,
      holders: holders.get(name) ?? 0,
      waiting: (gate?.waiting ?? 0) + (gate?.bids.length ?? 0),
    }
  })
  return { gates }
}

function countHolders(state: MemoryState): ReadonlyMap<string, number> {
  const holders = new Map<string, number>()
  const add = (name: string): void => void holders.set(name, (holders.get(name) ?? 0) + 1)
  for (const owner of state.owners.values()) {
    for (const row of owner.runs) row.gates.forEach(add)
    for (const gates of owner.stuck.values()) gates.forEach(add)
  }
  for (const lease of state.leases.items) add(lease.gate.name)
  return holders
}

function matches(row: RunRow, { key, states, schedule, createdBefore, createdAfter }: RunQuery): boolean {
  if (key !== undefined && row.key.name !== key) return false
  if (states !== undefined && !states.includes(row.state)) return false
  if (schedule !== undefined && row.schedule !== schedule) return false
  if (createdBefore !== undefined && row.createdAt >= createdBefore) return false
  return createdAfter === undefined || row.createdAt > createdAfter
}

/** Merges the logs of jobs. */
function* newestFirst(jobs: readonly JobRow[], before: number): Generator<RunRow, undefined, undefined> {
  const logs = jobs.map((job) => job.runs.below(before))
  const heads = logs.map((log) => log.next().value)
  for (;;) {
    let newest = -1
    heads.forEach((row, index) => {
      if (row !== undefined && row.sequence > (heads[newest]?.sequence ?? 0)) newest = index
    })
    const row = heads[newest]
    if (row === undefined) return
    yield row
    heads[newest] = logs[newest]?.next().value
  }
}
