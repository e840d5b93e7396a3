/** Cancelling: at once what has not begun, by request what runs (engine rule 20). */
import { finishStanding } from './finish.ts'
import type { RunRow } from './rows.ts'
import { begin, type MemoryState } from './state.ts'

/** What a cancel came to. */
export type CancelReply = 'cancelled' | 'requested' | 'terminal' | 'unknown'

/** The verb. */
export function cancelRuns(
  state: MemoryState,
  request: { readonly runs: readonly { readonly id: string; readonly reason: string }[]; readonly now?: number | undefined },
): { replies: CancelReply[] } {
  begin(state, request.now)
  const replies = request.runs.map(({ id, reason }): CancelReply => {
    const row = state.runs.get(id)
    return row === undefined ? 'unknown' : cancelRun(state, row, reason)
  })
  return { replies }
}

/** Ends a run that stands, asks its owner to end one that runs. The first reason stays. */
export function cancelRun(state: MemoryState, row: RunRow, reason: string): CancelReply {
  if (row.state === 'pending' || row.state === 'waiting') {
    finishStanding(state, row, 'cancel', reason)
    return 'cancelled'
  }
  if (row.state !== 'running') return 'terminal'
  row.cancelRequested ??= reason
  if (row.owner !== null) state.hints.tell([{ kind: 'cancel', owner: row.owner.id }])
  return 'requested'
}
