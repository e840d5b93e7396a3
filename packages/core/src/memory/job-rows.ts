/** Jobs and their keys: rows that come into being when something first names them. */
import { jobGate } from '../store/gates.ts'
import { Chain } from './chain.ts'
import { ExpiringMap } from './expiring-map.ts'
import { Heap } from './heap.ts'
import type { JobEntry, JobRow, KeyRow, RunRow, ScheduleDetail } from './rows.ts'
import { ScheduleTable } from './schedule-table.ts'
import { SortedLog } from './sorted-log.ts'
import type { MemoryState } from './state.ts'

/** The job's row, made if there is none: runs and schedules may come before the definition. */
export function obtainJob(state: MemoryState, name: string): JobRow {
  const known = state.jobs.get(name)
  if (known !== undefined) return known
  const job = createJob(name)
  state.jobs.set(name, job)
  return job
}

/** The row of (job, key), made if there is none. */
export function obtainKey(job: JobRow, name: string): KeyRow {
  const known = job.keys.get(name)
  if (known !== undefined) return known
  const key: KeyRow = { job, name, alive: new Chain(), busy: 0, standing: 0, open: null, kinds: new Map() }
  job.keys.set(name, key)
  return key
}

/** Forgets a (job, key) of which nothing is left. */
export function dropKeyIfEmpty(key: KeyRow): void {
  if (key.alive.size === 0 && key.kinds.size === 0) {
    key.job.keys.delete(key.name)
    key.job.crowded.delete(key)
  }
}

/** There is a definition, or a schedule that was set without one. */
export function isKnown(job: JobRow): boolean {
  return job.generation > 0 || job.schedules.size > 0
}

/** Higher priority first, then the earlier `runAt`, then age. */
export function isBefore(a: RunRow, b: RunRow): boolean {
  return a.priority !== b.priority ? a.priority > b.priority : isEarlier(a, b)
}

function isEarlier(a: RunRow, b: RunRow): boolean {
  return a.runAt !== b.runAt ? a.runAt < b.runAt : a.sequence < b.sequence
}

/** A job of which nothing is known yet. */
export function createJob(name: string): JobRow {
  const entry = (): { heapIndex: number; at: number; job: JobRow | null } => ({ heapIndex: -1, at: Number.POSITIVE_INFINITY, job: null })
  const due = entry()
  const timed = entry()
  const job: JobRow = {
    name,
    gateName: jobGate(name),
    generation: 0,
    hash: '',
    superseded: [],
    concurrency: null,
    rateLimit: null,
    suspended: null,
    stretches: [],
    schedules: new ScheduleTable(createDetail),
    statics: new Set(),
    keys: new Map(),
    runs: new SortedLog(),
    pending: 0,
    waiting: 0,
    running: 0,
    ready: new Heap(isBefore),
    suspects: new Heap(isBefore),
    delayed: new Heap(isEarlier),
    rate: { openedAt: 0, used: 0 },
    due: due as JobEntry,
    timed: timed as JobEntry,
    idempotency: new ExpiringMap(),
    windows: new ExpiringMap(),
    filed: new Chain(),
    keep: null,
    crowded: new Map(),
    lastRun: null,
    lastSuccess: null,
    lastFailure: null,
    failuresInARow: 0,
    recent: [],
  }
  due.job = job
  timed.job = job
  return job
}

function createDetail(): ScheduleDetail {
  return {
    key: null,
    suspended: null,
    stretches: [],
    history: [],
    quarantined: null,
    runs: new SortedLog(),
    skips: new SortedLog(),
    folded: {},
    horizon: null,
    lastRun: null,
  }
}
