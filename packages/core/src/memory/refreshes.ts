/** How a refresh ended: its commit, or its failure. Nothing is written for who does not hold the windows. */
import type { RefresherRefusal, WindowCommit, WindowCommitReply, WindowFailure } from '../store/windows.ts'
import type { Tick } from '../store/tick.ts'
import { finishIfDone, unstamp } from './backfill-rows.ts'
import { appendMarks } from './marks.ts'
import type { RunRow } from './rows.ts'
import { begin, type MemoryState } from './state.ts'
import { admit, type Admitted } from './window-claims.ts'
import type { RollupRow, WindowHold, WindowRow } from './window-rows.ts'
import { advanceWatermark, clearError, holderOf, letGoOf, setSuspect, tidy } from './window-state.ts'

/** The verb. */
export function commitWindows(
  state: MemoryState,
  request: { readonly commits: readonly WindowCommit[]; readonly now?: number | undefined },
): { replies: WindowCommitReply[] } & Tick {
  begin(state, request.now)
  return { replies: request.commits.map((commit) => commitOne(state, commit)), storeNow: state.now }
}

function commitOne(state: MemoryState, commit: WindowCommit): WindowCommitReply {
  const admitted = admit(state, commit)
  if (typeof admitted === 'string') return { status: admitted, watermark: null }
  const { rollup, run } = admitted
  const isFirst = commit.windows.every(({ start }) => isHeldBy(rollup, run, start))
  if (isFirst) {
    appendMarks(
      state,
      commit.marks.filter(({ source }) => (state.windows.sources.get(source)?.readers.size ?? 0) > 0),
    )
    for (const window of commit.windows) recordRefresh(state, admitted, window)
    if (commit.pace !== undefined) rollup.pace = commit.pace
    advanceWatermark(rollup)
  } else if (!wasCommitted(state, admitted, commit)) return { status: 'stale', watermark: null }
  return { status: 'committed', watermark: rollup.watermark }
}

/** The commit arrived before, and its reply was lost. */
function wasCommitted(state: MemoryState, { rollup, run }: Admitted, { windows }: WindowCommit): boolean {
  return windows.every(
    ({ start, seq }) => !isHeldBy(rollup, run, start) && state.windows.recorded.has(run, keyOf(rollup, start, String(seq))),
  )
}

/** The same of a failure. */
function wasFailed(state: MemoryState, { rollup, run }: Admitted, { windows }: WindowFailure): boolean {
  return windows.every(({ start }) => !isHeldBy(rollup, run, start) && state.windows.recorded.has(run, keyOf(rollup, start, 'failed')))
}

/** `what`: the seq that the window was committed with, or that it failed. */
function keyOf(rollup: RollupRow, start: number, what: string): string {
  return `${what} ${start} ${rollup.name}`
}

function isHeldBy(rollup: RollupRow, run: RunRow, start: number): boolean {
  const row = rollup.windows.get(start)
  return row !== undefined && holderOf(row) === run
}

function recordRefresh(state: MemoryState, { rollup, run }: Admitted, { start, seq, suspect }: WindowCommit['windows'][number]): void {
  const row = rollup.windows.get(start)
  const hold = row?.hold
  // A window that is named twice was recorded already.
  if (row === undefined || hold === undefined || hold === null) return
  const { backfill } = row
  letGoOf(row)
  cleanUpTo(row, hold, seq)
  clearError(row)
  setSuspect(row, row.dirtySince === null ? (suspect ?? null) : null)
  row.refreshedAt = state.now
  row.complete ||= hold.isDue
  // What was stamped since may be about rows that this refresh has not seen.
  if (backfill !== null && backfill === hold.backfill) {
    unstamp(row, 'done')
    finishIfDone(backfill, state.now)
  }
  state.windows.recorded.add(run, keyOf(rollup, start, String(seq)))
  tidy(row)
}

/** Clean, but for what was drained since the claim. */
function cleanUpTo(row: WindowRow, { laterSince, laterRemoved }: WindowHold, seq: number): void {
  if (row.seq === seq) {
    row.dirtySince = null
    row.removed = false
    row.rollup.dirty.delete(row)
  } else if (laterSince !== null) {
    row.dirtySince = laterSince
    row.removed = laterRemoved
  }
}

/** The verb. */
export function failWindows(
  state: MemoryState,
  request: { readonly failures: readonly WindowFailure[]; readonly now?: number | undefined },
): { replies: ('failed' | RefresherRefusal)[] } & Tick {
  begin(state, request.now)
  return { replies: request.failures.map((failure) => failOne(state, failure)), storeNow: state.now }
}

function failOne(state: MemoryState, failure: WindowFailure): 'failed' | RefresherRefusal {
  const admitted = admit(state, failure)
  if (typeof admitted === 'string') return admitted
  const { rollup, run } = admitted
  if (!failure.windows.every(({ start }) => isHeldBy(rollup, run, start))) {
    return wasFailed(state, admitted, failure) ? 'failed' : 'stale'
  }
  for (const window of failure.windows) recordFailure(state, admitted, window)
  if (failure.pace !== undefined) rollup.pace = failure.pace
  return 'failed'
}

function recordFailure(
  state: MemoryState,
  { rollup, run }: Admitted,
  { start, error, retryDelayMs }: WindowFailure['windows'][number],
): void {
  const row = rollup.windows.get(start)
  const hold = row?.hold
  if (row === undefined || hold === undefined || hold === null) return
  const { backfill } = row
  letGoOf(row)
  row.attempts++
  row.error = { ...error }
  row.retryAt = retryDelayMs === null ? null : state.now + retryDelayMs
  state.windows.recorded.add(run, keyOf(rollup, start, 'failed'))
  if (retryDelayMs !== null) return
  // It was marked again since: that is not given up.
  if (hold.laterSince !== null) clearError(row)
  if (backfill !== null && backfill === hold.backfill) {
    unstamp(row, 'failed')
    finishIfDone(backfill, state.now)
  }
}
