/** Reading rollups: what planning needs to know, and records of windows. */
import type { RollupState } from '../store/windows.ts'
import type { WindowRecord } from '../store/window-records.ts'
import type { Tick } from '../store/tick.ts'
import { unpark } from './marks.ts'
import { begin, type MemoryState } from './state.ts'
import type { RollupRow, WindowRow } from './window-rows.ts'
import { freeEnded, toRollupRecord, toWindowRecord } from './window-state.ts'

/** The verb. What it costs follows what is dirty or ahead, not what is kept. */
export function rollupStates(
  state: MemoryState,
  request: {
    readonly rollups: readonly { readonly rollup: string; readonly limit: number; readonly after?: number | undefined }[]
    readonly now?: number | undefined
  },
): { states: (RollupState | null)[] } & Tick {
  begin(state, request.now)
  const states = request.rollups.map(({ rollup: name, ...page }) => {
    const rollup = state.windows.rollups.get(name)
    return rollup === undefined ? null : toState(state, rollup, page)
  })
  return { states, storeNow: state.now }
}

interface Page {
  readonly limit: number
  readonly after?: number | undefined
}

function toState(state: MemoryState, rollup: RollupRow, { limit, after }: Page): RollupState {
  freeEnded(rollup)
  const dirty = [...rollup.dirty]
  const failed = dirty.filter((row) => row.error !== null)
  const marks = openMarks(state, rollup)
  const ahead = recordsAfter(rollup, Math.max(rollup.watermark - 1, after ?? Number.NEGATIVE_INFINITY), limit)
  return {
    record: toRollupRecord(rollup),
    dirty: dirty
      .filter((row) => isReady(row, state.now))
      .sort(byAge)
      .slice(0, limit)
      .map(toWindowRecord),
    ...ahead,
    counts: { dirty: dirty.length, held: rollup.taken.size, failed: failed.length, suspect: rollup.suspects.size },
    oldestMarkAt: earliest([...dirty.map((row) => row.dirtySince), ...marks]),
    hasMarks: marks.length > 0,
    nextRetryAt: earliest(failed.map((row) => (row.retryAt !== null && row.retryAt > state.now ? row.retryAt : null))),
  }
}

/** To be refreshed now: nobody does it already, and nothing stands against it. */
function isReady({ hold, error, retryAt, suspect }: WindowRow, now: number): boolean {
  return hold === null && suspect === null && (error === null || (retryAt !== null && retryAt <= now))
}

function byAge(a: WindowRow, b: WindowRow): number {
  return (a.dirtySince ?? 0) - (b.dirtySince ?? 0) || a.start - b.start
}

/** When the oldest mark of each of its sources was written that waits to be drained. */
function openMarks(state: MemoryState, rollup: RollupRow): number[] {
  const instants: number[] = []
  for (const name of rollup.sources) {
    const source = state.windows.sources.get(name)
    if (source === undefined) continue
    unpark(state.windows, source, state.now)
    for (const mark of source.open.above(0)) {
      instants.push(mark.markedAt)
      break
    }
  }
  return instants
}

function recordsAfter(rollup: RollupRow, after: number, limit: number): Pick<RollupState, 'ahead' | 'more'> {
  const ahead: WindowRecord[] = []
  for (const row of rollup.ordered.above(after)) {
    if (ahead.length >= limit) return { ahead, more: true }
    ahead.push(toWindowRecord(row))
  }
  return { ahead, more: false }
}

function earliest(instants: readonly (number | null)[]): number | null {
  let first: number | null = null
  for (const at of instants) if (at !== null && (first === null || at < first)) first = at
  return first
}

/** The verb. */
export function listWindows(
  state: MemoryState,
  request: {
    readonly rollup: string
    readonly from: number
    readonly to: number
    readonly backfill?: string | undefined
    readonly limit: number
  },
): { windows: WindowRecord[] } {
  const windows: WindowRecord[] = []
  const rollup = state.windows.rollups.get(request.rollup)
  for (const row of rollup?.ordered.above(request.from - 1) ?? []) {
    if (row.start >= request.to || windows.length >= request.limit) break
    if (request.backfill === undefined || row.backfill?.id === request.backfill) windows.push(toWindowRecord(row))
  }
  return { windows }
}
