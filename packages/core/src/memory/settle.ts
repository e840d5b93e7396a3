/** Settling: how an attempt ended is written once, by whoever holds the run (engine rule 16). */
import type { Settlement, SettleReply } from '../store/runs.ts'
import type { Tick } from '../store/tick.ts'
import { recordAttempt, takeAttemptBack } from './attempts.ts'
import { enqueueOne } from './enqueue.ts'
import { finish } from './finish.ts'
import { releaseGates } from './gates.ts'
import { releaseRun, stuckKey } from './owners.ts'
import { giveBack, heldRun } from './renew.ts'
import type { RunRow } from './rows.ts'
import { placeRun } from './run-index.ts'
import { changeState } from './run-rows.ts'
import { begin, type MemoryState } from './state.ts'
import { tickFor } from './tick.ts'

/** The verb. */
export function settle(
  state: MemoryState,
  request: { readonly owner: string; readonly settlements: readonly Settlement[]; readonly now?: number | undefined },
): { replies: SettleReply[] } & Tick {
  begin(state, request.now)
  const owner = state.owners.get(request.owner)
  const replies = request.settlements.map((settlement): SettleReply => {
    const row = heldRun(state, owner, settlement.runId, settlement.fence)
    if (row !== null) settleRun(state, row, settlement)
    const isWritten = row !== null || wasSettledSo(state, settlement)
    return { status: isWritten ? 'settled' : 'stale', failuresInARow: state.runs.get(settlement.runId)?.job.failuresInARow ?? 0 }
  })
  return { replies, ...tickFor(state, owner ?? null) }
}

/** The verb. */
export function releaseHeldGates(
  state: MemoryState,
  request: {
    readonly owner: string
    readonly runs: readonly { readonly runId: string; readonly fence: number }[]
    readonly now?: number | undefined
  },
): void {
  begin(state, request.now)
  const stuck = state.owners.get(request.owner)?.stuck
  for (const { runId, fence } of request.runs) {
    const gates = stuck?.get(stuckKey(runId, fence))
    if (gates === undefined) continue
    stuck?.delete(stuckKey(runId, fence))
    releaseGates(state, gates)
  }
}

/** The settlement arrived before, and its reply was lost. */
function wasSettledSo(state: MemoryState, { runId, fence, outcome, then }: Settlement): boolean {
  const row = state.runs.get(runId)
  return row?.fence === fence && row.settled?.outcome === outcome && row.settled.to === then.to
}

function settleRun(state: MemoryState, row: RunRow, settlement: Settlement): void {
  const { outcome, startedAt, then } = settlement
  if (settlement.progress !== undefined) row.progress = settlement.progress
  if (then.to === 'released' || startedAt === null) takeAttemptBack(row)
  else {
    const error = settlement.error === null ? null : { ...settlement.error }
    if (!row.started) row.job.lastRun = row
    recordAttempt(state, row, { outcome, startedAt, error })
    row.error = error
    // It ended otherwise than with its process.
    row.suspect = false
  }
  if (outcome === 'failed' || outcome === 'timedOut') row.failures++
  releaseRun(state, row, { holdGates: settlement.holdGates === true })
  row.settled = { outcome, to: then.to }
  carryOn(state, row, settlement)
}

function carryOn(state: MemoryState, row: RunRow, { then, enqueue }: Settlement): void {
  switch (then.to) {
    case 'succeeded':
      row.result = then.result
      finish(state, row, 'succeed', null)
      for (const request of enqueue ?? []) enqueueOne(state, request, null)
      return
    case 'retry':
      // A cancel that was asked for meanwhile must not be lost with the attempt.
      if (row.cancelRequested !== null) return finish(state, row, 'cancel', row.cancelRequested)
      changeState(row, 'retry')
      row.runAt = state.now + then.delayMs
      return placeRun(state, row)
    case 'released':
      return giveBack(state, row)
    case 'dead':
      return finish(state, row, 'die', then.reason)
    case 'cancelled':
      return finish(state, row, 'cancel', then.reason)
    case 'skipped':
      return finish(state, row, 'skip', then.reason)
  }
}
