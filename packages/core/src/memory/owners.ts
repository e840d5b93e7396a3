/** Owners: processes with a lease (engine rule 13). */
import { releaseGates } from './gates.ts'
import type { OwnerRow, RunRow } from './rows.ts'
import type { MemoryState } from './state.ts'

/** The owner of that id if its lease has not ended. */
export function liveOwner(state: MemoryState, id: string): OwnerRow | null {
  const owner = state.owners.get(id)
  return owner !== undefined && owner.expiresAt > state.now ? owner : null
}

/** Live owners that declare a job. */
export function declaringOwners(state: MemoryState, job: string): OwnerRow[] {
  return [...state.owners.values()].filter((owner) => owner.expiresAt > state.now && owner.jobs.has(job))
}

/** The run leaves its owner; its gates are released, unless its handler still needs them. */
export function releaseRun(state: MemoryState, row: RunRow, options: { readonly holdGates: boolean } = { holdGates: false }): void {
  const { owner } = row
  if (owner === null) return
  row.owner = null
  owner.runs.delete(row)
  if (owner.suspect === row) owner.suspect = null
  if (options.holdGates) owner.stuck.set(stuckKey(row.id, row.fence), row.gates)
  else releaseGates(state, row.gates)
}

/** Ends an owner for ever: releases what its stuck handlers held. Its runs must have been taken from it. */
export function endOwner(state: MemoryState, owner: OwnerRow, crashed: readonly RunRow[]): void {
  state.owners.delete(owner.id)
  state.ended.set(owner.id, { crashed })
  for (const gates of owner.stuck.values()) releaseGates(state, gates)
  owner.stuck.clear()
}

/** Names one attempt of a run among the stuck ones. */
export function stuckKey(runId: string, fence: number): string {
  return `${runId}/${fence}`
}
