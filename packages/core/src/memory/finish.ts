/** The end of a run: its last state change and all that follows from it. */
import type { RunAction } from '../run/run-state.ts'
import { withdraw } from './gates.ts'
import { file } from './history.ts'
import type { RunRow } from './rows.ts'
import { changeState, closeRun } from './run-rows.ts'
import type { MemoryState } from './state.ts'

/** What ends a run. */
export type FinalAction = Extract<RunAction, 'succeed' | 'die' | 'cancel' | 'skip'>

/** Ends a pending or waiting run. */
export function finishStanding(state: MemoryState, row: RunRow, action: FinalAction, reason: string): void {
  withdraw(state, row)
  finish(state, row, action, reason)
}

/** Ends a run that stands in no index and holds nothing any more. */
export function finish(state: MemoryState, row: RunRow, action: FinalAction, reason: string | null): void {
  changeState(row, action)
  closeRun(row)
  const { job, key } = row
  row.reason = reason
  row.finishedAt = state.now
  if (row.aliveLink !== null) key.alive.remove(row.aliveLink)
  row.aliveLink = null
  if (!row.debounced || row.fence > 0) key.busy--
  file(row)
  if (row.state === 'succeeded' || (row.state === 'skipped' && isByHandler(reason))) {
    job.lastSuccess = row
    job.failuresInARow = 0
  } else if (row.state === 'dead') {
    job.lastFailure = row
    job.failuresInARow++
  }
  state.hints.tell([{ kind: 'settled', runId: row.id }])
}

/** Its handler ran, and found nothing to do. */
function isByHandler(reason: string | null): boolean {
  return reason?.startsWith('handler') === true
}
