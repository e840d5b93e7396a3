/** Windows: how a row is made, changes, and is forgotten, and what callers see of it. */
import type { RollupRecord, WindowRecord } from '../store/window-records.ts'
import { unstamp } from './backfill-rows.ts'
import type { RunRow } from './rows.ts'
import type { RollupRow, WindowRow } from './window-rows.ts'

/** The window's row, made if need be. */
export function obtainWindow(rollup: RollupRow, start: number, end: number): WindowRow {
  let row = rollup.windows.get(start)
  if (row === undefined) {
    row = {
      rollup,
      start,
      end,
      seq: 0,
      dirtySince: null,
      removed: false,
      complete: false,
      refreshedAt: null,
      attempts: 0,
      error: null,
      retryAt: null,
      suspect: null,
      backfill: null,
      hold: null,
    }
    rollup.windows.set(start, row)
    rollup.ordered.add(start, row)
  }
  return row
}

/** Dirty since then, or longer. */
export function soil(row: WindowRow, since: number, removed: boolean): void {
  row.dirtySince = Math.min(row.dirtySince ?? since, since)
  row.removed ||= removed
  row.rollup.dirty.add(row)
}

/** What went wrong is forgotten: it is refreshed again as if it had just been marked. */
export function beginAnew(row: WindowRow): void {
  if (row.retryAt === null) clearError(row)
  setSuspect(row, null)
}

export function clearError(row: WindowRow): void {
  row.attempts = 0
  row.error = null
  row.retryAt = null
}

export function setSuspect(row: WindowRow, why: string | null): void {
  row.suspect = why
  if (why === null) row.rollup.suspects.delete(row)
  else row.rollup.suspects.add(row)
}

/** The run that holds the window; null once it no longer runs under the fence it had. */
export function holderOf({ hold }: WindowRow): RunRow | null {
  return hold !== null && hold.run.state === 'running' && hold.run.fence === hold.fence ? hold.run : null
}

/** The hold ends; whoever ended it says what the window is now. */
export function letGoOf(row: WindowRow): void {
  row.hold = null
  row.rollup.taken.delete(row)
}

/** Windows whose runs ended without a word are free. They stay dirty. */
export function freeEnded(rollup: RollupRow): void {
  for (const row of rollup.taken) if (holderOf(row) === null) letGoOf(row)
}

/** Forgets the row if nothing about its window is exceptional. */
export function tidy(row: WindowRow): void {
  const isPlain = row.hold === null && row.dirtySince === null && row.suspect === null && row.backfill === null
  const wasRefreshed = row.complete || row.refreshedAt !== null
  if (isPlain && (!wasRefreshed || row.end <= row.rollup.watermark)) forgetWindow(row)
}

/** Forgets the row, whatever it says; a backfill counts it as done. */
export function forgetWindow(row: WindowRow): void {
  const { rollup } = row
  letGoOf(row)
  rollup.dirty.delete(row)
  rollup.suspects.delete(row)
  rollup.windows.delete(row.start)
  rollup.ordered.remove(row.start, row)
  unstamp(row, 'done')
}

/** The watermark moves over what is complete. What it costs follows how far it moves. */
export function advanceWatermark(rollup: RollupRow): void {
  for (;;) {
    const row = rollup.windows.get(rollup.watermark)
    if (row === undefined || !row.complete) return
    rollup.watermark = row.end
    tidy(row)
  }
}

/** A copy for the caller. */
export function toWindowRecord(row: WindowRow): WindowRecord {
  const holder = holderOf(row)
  return {
    rollup: row.rollup.name,
    start: row.start,
    end: row.end,
    seq: row.seq,
    dirtySince: row.dirtySince,
    removed: row.removed,
    complete: row.complete,
    refreshedAt: row.refreshedAt,
    attempts: row.attempts,
    error: row.error === null ? null : { ...row.error },
    retryAt: row.retryAt,
    suspect: row.suspect,
    backfill: row.backfill?.id ?? null,
    runId: holder?.id ?? null,
    fence: holder?.fence ?? 0,
  }
}

/** A copy for the caller. */
export function toRollupRecord(rollup: RollupRow): RollupRecord {
  return {
    rollup: rollup.name,
    generation: rollup.generation,
    hash: rollup.hash,
    sources: [...rollup.sources],
    edges: rollup.edges,
    policy: rollup.policy,
    startAt: rollup.startAt,
    watermark: rollup.watermark,
    sealed: rollup.sealed === null ? null : { ...rollup.sealed },
    pace: rollup.pace,
  }
}
