/** How far a backfill is. Pure. */
import type { BackfillRecord } from '../store/window-records.ts'

/** How far a backfill is. */
export interface BackfillProgress {
  readonly done: number
  readonly failed: number
  /** Windows that it takes: exact once the whole range was looked at, an estimate before. */
  readonly total: number
  readonly isEstimated: boolean
  /** 0 to 1. */
  readonly share: number
  /** Windows per second since it was created, pauses included; null before the first. */
  readonly perSecond: number | null
  /** Ms until its end at that rate; 0 at its end, null while it cannot be told or does not run. */
  readonly remainingMs: number | null
}

/** Progress, rate and estimate, from the record alone: it is the same wherever it is asked for. */
export function progressOf(backfill: BackfillRecord, now: number): BackfillProgress {
  const { done, failed, stamped, exhausted, windows, state } = backfill
  const over = done + failed
  const looked = lookedShare(backfill)
  const total = exhausted ? stamped : looked === 0 ? windows : Math.max(stamped, Math.round(Math.min(windows, stamped / looked)))
  const elapsedMs = (backfill.finishedAt ?? now) - backfill.createdAt
  const perSecond = over === 0 || elapsedMs <= 0 ? null : (over * 1_000) / elapsedMs
  const isEnded = state === 'finished' || state === 'cancelled'
  return {
    done,
    failed,
    total,
    isEstimated: !exhausted,
    share: total === 0 ? (exhausted ? 1 : looked) : Math.min(1, over / total),
    perSecond,
    remainingMs: isEnded
      ? 0
      : state === 'paused' || perSecond === null
        ? null
        : Math.round((Math.max(0, total - over) * 1_000) / perSecond),
  }
}

function lookedShare({ from, to, order, cursor, exhausted }: BackfillRecord): number {
  if (exhausted || from >= to) return 1
  return (order === 'newest' ? to - cursor : cursor - from) / (to - from)
}
