/** Backfills as rows: how stamps come and go, when one has ended, and what callers see of it. */
import type { BackfillRecord } from '../store/window-records.ts'
import type { BackfillRow, WindowRow } from './window-rows.ts'

/** Takes a window's stamp off, and counts it. */
export function unstamp(row: WindowRow, as: 'done' | 'failed'): void {
  const { backfill } = row
  if (backfill === null) return
  row.backfill = null
  backfill.pending.delete(row)
  backfill[as]++
}

/** Finishes a backfill that has nothing left to do. */
export function finishIfDone(backfill: BackfillRow, now: number): void {
  if (backfill.exhausted && backfill.pending.size === 0) endBackfill(backfill, 'finished', now)
}

/** Ends it for ever, if it has not ended. */
export function endBackfill(backfill: BackfillRow, state: 'finished' | 'cancelled', now: number): void {
  if (hasEnded(backfill)) return
  backfill.state = state
  backfill.finishedAt = now
  backfill.rollup.backfills.delete(backfill)
}

export function hasEnded({ state }: BackfillRow): boolean {
  return state === 'finished' || state === 'cancelled'
}

/** A copy for the caller. */
export function toBackfillRecord({ pending: _, rollup, ...row }: BackfillRow): BackfillRecord {
  return { ...row, rollup: rollup.name }
}
