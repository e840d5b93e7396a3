/**
 * Gates: real counters, taken and released with the runs that hold them (engine rule 11).
 *
 * A run that finds a gate full waits there, in the line of its job. When a gate has room, each line lets
 * as many heads go as there is room: they are pending again, and whoever is claimed first takes the gate.
 * What was let go and does not take the gate after all hands its chance on, so that room never idles
 * while somebody waits:
 *
 *   gate has room for r more  ⇒  every line is empty, or at least r of its runs were let go and are pending
 */
import { Heap } from './heap.ts'
import { isBefore } from './job-rows.ts'
import type { Gate, GateLine, RunRow } from './rows.ts'
import { placeRun, reindexRuns, unplaceRun } from './run-index.ts'
import { changeState } from './run-rows.ts'
import type { MemoryState } from './state.ts'

const JOB_PREFIX = 'job:'
const KEY_PREFIX = 'key:'

/** The gate of that name, made if nobody holds it or waits at it. */
export function obtainGate(state: MemoryState, name: string): Gate {
  const known = state.gates.get(name)
  if (known !== undefined) return known
  const job = name.startsWith(JOB_PREFIX) ? (state.jobs.get(name.slice(JOB_PREFIX.length)) ?? null) : null
  const gate: Gate = { name, job, limit: limitOf(state, name), held: 0, waiting: 0, lines: new Map(), lease: null, bids: [] }
  state.gates.set(name, gate)
  return gate
}

/** One for keys and mutexes, the concurrency for jobs; without one, the gate never blocks. */
export function limitOf(state: MemoryState, name: string): number {
  if (!name.startsWith(JOB_PREFIX)) return 1
  return state.jobs.get(name.slice(JOB_PREFIX.length))?.concurrency ?? Number.POSITIVE_INFINITY
}

/** The gate at which a run must wait, the last full one by name: mutexes are shared most. Null when all have room. */
export function fullGateOf(state: MemoryState, row: RunRow): Gate | null {
  let full: Gate | null = null
  for (const name of row.gates) {
    const gate = state.gates.get(name)
    if (gate !== undefined && gate.held >= gate.limit) full = gate
  }
  return full
}

/** Another run of its (job, key) executes. */
export function isKeyTaken(state: MemoryState, row: RunRow): boolean {
  return row.gates.some((name) => name.startsWith(KEY_PREFIX) && (state.gates.get(name)?.held ?? 0) > 0)
}

/** Somebody stands before a newcomer at one of its gates. */
export function hasWaiters(state: MemoryState, row: RunRow): boolean {
  return row.gates.some((name) => (state.gates.get(name)?.lines.size ?? 0) > 0)
}

/** Counts one more holder of each gate. */
export function holdGates(state: MemoryState, names: readonly string[]): void {
  for (const name of names) {
    const gate = obtainGate(state, name)
    gate.held++
    if (gate.job !== null) reindexRuns(state, gate.job)
  }
}

/** Takes the gates of a run that is about to run; they have room. */
export function takeGates(state: MemoryState, row: RunRow): void {
  holdGates(state, row.gates)
  const line = row.promotedBy
  if (line === null) return
  row.promotedBy = null
  line.promoted--
  forgetIfIdle(state, line.gate, line)
}

/** Gives gates back and lets waiting runs go. */
export function releaseGates(state: MemoryState, names: readonly string[]): void {
  for (const name of names) {
    const gate = state.gates.get(name)
    if (gate === undefined) continue
    gate.held--
    letGo(state, gate)
  }
}

/** To be called when a gate has more room than before. */
export function letGo(state: MemoryState, gate: Gate): void {
  for (const line of gate.lines.values()) {
    letLineGo(state, line)
    forgetIfIdle(state, gate, line)
  }
  if (gate.job !== null) {
    reindexRuns(state, gate.job)
    if (state.readyJobs.has(gate.job)) state.hints.tell([{ kind: 'work' }])
  }
  if (gate.name.startsWith('mutex:')) state.hints.tell([{ kind: 'lease', name: gate.name.slice('mutex:'.length) }])
  forgetIfIdle(state, gate)
}

/** A pending run found `gate` full: it waits there. */
export function waitAt(state: MemoryState, row: RunRow, gate: Gate): void {
  unplaceRun(state, row)
  changeState(row, 'block')
  const line = obtainLine(gate, row)
  line.runs.push(row)
  row.heap = line.runs
  row.line = line
  gate.waiting++
  if (gate.job !== null) reindexRuns(state, gate.job)
  handOn(state, row)
}

/** Takes a pending or waiting run out of all indexes; its chance at a gate goes to the next. */
export function withdraw(state: MemoryState, row: RunRow): void {
  if (row.line === null) {
    unplaceRun(state, row)
    handOn(state, row)
    return
  }
  const { line } = row
  leaveLine(line, row)
  if (line.gate.job !== null) reindexRuns(state, line.gate.job)
  forgetIfIdle(state, line.gate, line)
}

/** A waiting run that is not due any more: pending until its new `runAt`. */
export function unwait(state: MemoryState, row: RunRow): void {
  withdraw(state, row)
  changeState(row, 'promote')
}

function handOn(state: MemoryState, row: RunRow): void {
  const line = row.promotedBy
  if (line === null) return
  row.promotedBy = null
  line.promoted--
  letLineGo(state, line)
  forgetIfIdle(state, line.gate, line)
}

function letLineGo(state: MemoryState, line: GateLine): void {
  const { gate } = line
  while (line.promoted < gate.limit - gate.held) {
    const row = line.runs.peek()
    if (row === undefined) return
    leaveLine(line, row)
    changeState(row, 'promote')
    // After the clock went back a waiting run may lie ahead, and a suspect waits for a process that holds no other: neither
    // takes a chance away from the next.
    if (row.runAt <= state.now && !row.suspect) {
      row.promotedBy = line
      line.promoted++
    }
    placeRun(state, row)
  }
}

function obtainLine(gate: Gate, { job }: RunRow): GateLine {
  const known = gate.lines.get(job)
  if (known !== undefined) return known
  const line: GateLine = { gate, job, runs: new Heap(isBefore), promoted: 0 }
  gate.lines.set(job, line)
  return line
}

function leaveLine(line: GateLine, row: RunRow): void {
  line.runs.remove(row)
  line.gate.waiting--
  row.heap = null
  row.line = null
}

/** Forgets what nobody holds, waits at or was let go from. */
export function forgetIfIdle(state: MemoryState, gate: Gate, line?: GateLine): void {
  if (line !== undefined && line.runs.size === 0 && line.promoted === 0) gate.lines.delete(line.job)
  if (gate.held === 0 && gate.lines.size === 0 && gate.lease === null && gate.bids.length === 0) state.gates.delete(gate.name)
}
