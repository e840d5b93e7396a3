/** Moving watermarks over windows that need no refresh. */
import type { WindowPass } from '../store/windows.ts'
import { finishIfDone } from './backfill-rows.ts'
import { begin, type MemoryState } from './state.ts'
import type { RollupRow, WindowRow } from './window-rows.ts'
import { advanceWatermark, forgetWindow, holderOf, tidy } from './window-state.ts'

/** The verb. */
export function pass(
  state: MemoryState,
  request: { readonly passes: readonly WindowPass[]; readonly now?: number | undefined },
): { passed: boolean[] } {
  begin(state, request.now)
  return { passed: request.passes.map((one) => passOne(state, one)) }
}

function passOne(state: MemoryState, { rollup: name, generation, expected, through, expired }: WindowPass): boolean {
  const rollup = state.windows.rollups.get(name)
  if (rollup === undefined || rollup.generation !== generation || rollup.watermark !== expected) return false
  // What lies before a window that is past what is kept is so too.
  const rows = rowsBetween(rollup, expired ? Number.NEGATIVE_INFINITY : expected, through)
  if (expired) expire(state, rollup, rows)
  else if (rows.some((row) => !row.complete)) return false
  rollup.watermark = Math.max(expected, through)
  rows.forEach(tidy)
  advanceWatermark(rollup)
  return true
}

function expire(state: MemoryState, rollup: RollupRow, rows: readonly WindowRow[]): void {
  for (const row of rows) if (holderOf(row) === null) forgetWindow(row)
  for (const backfill of rollup.backfills) finishIfDone(backfill, state.now)
}

/** Rows of windows that start in `[from, to)`, in order. */
function rowsBetween(rollup: RollupRow, from: number, to: number): WindowRow[] {
  const rows: WindowRow[] = []
  for (const row of rollup.ordered.above(from - 1)) {
    if (row.start >= to) break
    rows.push(row)
  }
  return rows
}
