/** An owner's life as it tells it: renewing, leaving, asking what it holds. */
import type { RenewReply, RenewRequest } from '../store/runs.ts'
import type { RunRecord } from '../store/records.ts'
import { startAttempt, takeAttemptBack } from './attempts.ts'
import { finish } from './finish.ts'
import { sweepLeases } from './leases.ts'
import { endOwner, releaseRun } from './owners.ts'
import type { OwnerRow, RunRow } from './rows.ts'
import { placeRun } from './run-index.ts'
import { changeState, toRunRecord } from './run-rows.ts'
import { begin, type MemoryState } from './state.ts'
import { takeCrashesBack, takeOverExpired } from './take-over.ts'
import { tickFor } from './tick.ts'

/** The verb. */
export function renew(state: MemoryState, request: RenewRequest): RenewReply {
  const now = begin(state, request.now)
  takeOverExpired(state)
  sweepLeases(state)
  if (state.ended.has(request.owner)) return { status: 'dead', held: 0, cancels: [], expired: [], storeNow: now }
  const owner = obtainOwner(state, request.owner)
  owner.expiresAt = now + request.leaseMs + (holdsNothing(owner) ? (request.idleMs ?? 0) : 0)
  if (request.jobs !== undefined) owner.jobs = new Map(request.jobs.map(({ job, hash }) => [job, hash]))
  if (request.survived !== undefined) takeCrashesBack(state, request.survived)
  for (const { runId, fence } of request.started) {
    const row = heldRun(state, owner, runId, fence)
    if (row !== null && !row.started) startAttempt(state, row)
  }
  for (const { runId, fence, progress } of request.progress) {
    const row = heldRun(state, owner, runId, fence)
    if (row !== null) row.progress = progress
  }
  const { expired } = state
  state.expired = []
  return { status: 'live', held: owner.runs.size, cancels: cancelsOf(owner), expired, ...tickFor(state, owner) }
}

function holdsNothing(owner: OwnerRow): boolean {
  return owner.runs.size === 0 && owner.stuck.size === 0
}

/** The verb: a clean end. What it held is pending again, as if it had never been claimed. */
export function leave(state: MemoryState, request: { readonly owner: string; readonly now?: number | undefined }): { released: number } {
  begin(state, request.now)
  const owner = state.owners.get(request.owner)
  if (owner === undefined) {
    // A renewal that is still on its way must not bring it to life.
    if (!state.ended.has(request.owner)) state.ended.set(request.owner, { crashed: [] })
    return { released: 0 }
  }
  const runs = [...owner.runs]
  for (const row of runs) {
    releaseRun(state, row)
    takeAttemptBack(row)
    giveBack(state, row)
  }
  endOwner(state, owner, [])
  return { released: runs.length }
}

/** Puts a released run back; one that was asked to cancel ends instead. */
export function giveBack(state: MemoryState, row: RunRow): void {
  if (row.cancelRequested !== null) return finish(state, row, 'cancel', row.cancelRequested)
  changeState(row, 'release')
  placeRun(state, row)
}

/** The verb. */
export function held(state: MemoryState, request: { readonly owner: string }): { runs: RunRecord[] } {
  const rows = [...(state.owners.get(request.owner)?.runs ?? [])]
  return { runs: rows.sort((a, b) => a.fence - b.fence).map(toRunRecord) }
}

/** The run if this owner holds it under that very fence. */
export function heldRun(state: MemoryState, owner: OwnerRow | undefined, runId: string, fence: number): RunRow | null {
  const row = state.runs.get(runId)
  return row !== undefined && owner !== undefined && row.owner === owner && row.fence === fence ? row : null
}

function obtainOwner(state: MemoryState, id: string): OwnerRow {
  const known = state.owners.get(id)
  if (known !== undefined) return known
  const owner: OwnerRow = { id, expiresAt: 0, jobs: new Map(), runs: new Set(), suspect: null, stuck: new Map(), survived: false }
  state.owners.set(id, owner)
  return owner
}

function cancelsOf(owner: OwnerRow): { runId: string; fence: number; reason: string }[] {
  const cancels: { runId: string; fence: number; reason: string }[] = []
  for (const row of owner.runs) {
    if (row.cancelRequested !== null) cancels.push({ runId: row.id, fence: row.fence, reason: row.cancelRequested })
  }
  return cancels
}
