/** The news that goes with replies: when the asking owner may find work. */
import type { Tick } from '../store/tick.ts'
import type { OwnerRow } from './rows.ts'
import { nextRunAt } from './run-index.ts'
import type { MemoryState } from './state.ts'

/** For an owner; without one, only the clock is told. */
export function tickFor(state: MemoryState, owner: OwnerRow | null): Tick {
  if (owner === null) return { storeNow: state.now }
  return {
    storeNow: state.now,
    nextDueAt: nextDueAt(state, owner),
    nextRunAt: nextRunAt(state, owner),
    nextExpiryAt: nextExpiryAt(state, owner),
  }
}

function nextDueAt(state: MemoryState, owner: OwnerRow): number | null {
  return state.dueJobs.first(({ job }) => owner.jobs.has(job.name))?.at ?? null
}

/** Of others that hold runs or gates, and of leases that runs wait for. */
function nextExpiryAt(state: MemoryState, owner: OwnerRow): number | null {
  let earliest = state.leases.first(({ gate }) => gate.waiting > 0)?.expiresAt ?? Number.POSITIVE_INFINITY
  for (const other of state.owners.values()) {
    if (other !== owner && other.runs.size + other.stuck.size > 0) earliest = Math.min(earliest, other.expiresAt)
  }
  return earliest === Number.POSITIVE_INFINITY ? null : earliest
}
