/** Backfills: created, stamped stretch by stretch, paused, resumed, cancelled. */
import type { BackfillControl, BackfillReply, BackfillRequest, BackfillStamp } from '../store/backfills.ts'
import type { BackfillRecord } from '../store/window-records.ts'
import type { Tick } from '../store/tick.ts'
import { finishIfDone, hasEnded, toBackfillRecord } from './backfill-rows.ts'
import { enqueueOne } from './enqueue.ts'
import { cancelAll } from './rollups.ts'
import { begin, type MemoryState } from './state.ts'
import type { BackfillRow, RollupRow, WindowRow } from './window-rows.ts'
import { beginAnew, obtainWindow, tidy } from './window-state.ts'

/** Of one rollup: how many are kept, and for how long; and how many go at a time. */
const MOST_KEPT = 200
const KEPT_MS = 90 * 86_400_000
const MOST_FORGOTTEN = 50

/** The verb. */
export function createBackfills(
  state: MemoryState,
  request: { readonly backfills: readonly BackfillRequest[]; readonly now?: number | undefined },
): { replies: BackfillReply[] } & Tick {
  begin(state, request.now)
  return { replies: request.backfills.map((one) => createOne(state, one)), storeNow: state.now }
}

function createOne(state: MemoryState, request: BackfillRequest): BackfillReply {
  const { id, from, to } = request
  const { backfills, rollups } = state.windows
  if (backfills.has(id)) return { status: 'exists', id }
  const rollup = rollups.get(request.rollup)
  if (rollup === undefined || rollup.generation !== request.generation) return { status: 'redefined', id }
  const other = [...rollup.backfills].find((one) => one.from < to && from < one.to)
  if (other !== undefined) return { status: 'overlaps', id: other.id }
  const row = newRow(rollup, request, state.now)
  backfills.set(id, row)
  rollup.backfills.add(row)
  forgetOld(state, rollup)
  for (const run of request.enqueue) enqueueOne(state, run, null)
  return { status: 'created', id }
}

/** The oldest that ended go. */
function forgetOld({ windows: { backfills }, now }: MemoryState, rollup: RollupRow): void {
  const own = [...backfills.values()].filter((one) => one.rollup === rollup)
  let surplus = own.length - MOST_KEPT
  for (const row of own.slice(0, MOST_FORGOTTEN)) {
    if (!hasEnded(row) || (surplus <= 0 && (row.finishedAt ?? now) >= now - KEPT_MS)) continue
    backfills.delete(row.id)
    surplus--
  }
}

function newRow(rollup: RollupRow, request: BackfillRequest, now: number): BackfillRow {
  const { id, from, to, select, order, concurrency, windows } = request
  return {
    id,
    rollup,
    from,
    to,
    select,
    order,
    concurrency,
    windows,
    createdAt: now,
    state: 'running',
    reason: null,
    cursor: order === 'oldest' ? from : to,
    exhausted: false,
    stamped: 0,
    done: 0,
    failed: 0,
    finishedAt: null,
    pending: new Set(),
  }
}

/** The verb. */
export function stampWindows(
  state: MemoryState,
  request: { readonly stamps: readonly BackfillStamp[]; readonly now?: number | undefined },
): { replies: ('stamped' | 'stale' | 'ended')[] } {
  begin(state, request.now)
  return { replies: request.stamps.map((stamp) => stampOne(state, stamp)) }
}

function stampOne(state: MemoryState, { id, expected, cursor, windows }: BackfillStamp): 'stamped' | 'stale' | 'ended' {
  const backfill = state.windows.backfills.get(id)
  if (backfill === undefined || backfill.state !== 'running') return 'ended'
  if (backfill.cursor !== expected) return 'stale'
  for (const { start, end } of windows) {
    const row = obtainWindow(backfill.rollup, start, end)
    beginAnew(row)
    // Whoever holds it began before it was asked for.
    if (row.hold !== null) row.hold = { ...row.hold, backfill: null }
    if (backfill.pending.has(row)) continue
    row.backfill = backfill
    backfill.pending.add(row)
    backfill.stamped++
  }
  backfill.cursor = cursor
  backfill.exhausted = backfill.order === 'oldest' ? cursor >= backfill.to : cursor <= backfill.from
  finishIfDone(backfill, state.now)
  return 'stamped'
}

/** The verb. */
export function controlBackfills(
  state: MemoryState,
  request: { readonly controls: readonly BackfillControl[]; readonly now?: number | undefined },
): { changed: boolean[] } & Tick {
  begin(state, request.now)
  return { changed: request.controls.map((control) => controlOne(state, control)), storeNow: state.now }
}

const STATE_AFTER = { pause: 'paused', resume: 'running', cancel: 'cancelled' } as const

function controlOne(state: MemoryState, { id, action, reason, enqueue }: BackfillControl): boolean {
  const backfill = state.windows.backfills.get(id)
  if (backfill === undefined || hasEnded(backfill) || backfill.state === STATE_AFTER[action]) return false
  if (action === 'cancel') {
    const rows: readonly WindowRow[] = [...backfill.pending]
    cancelAll([backfill], reason, state.now)
    rows.forEach(tidy)
    return true
  }
  backfill.state = STATE_AFTER[action]
  backfill.reason = action === 'pause' ? reason : null
  if (action === 'resume') for (const run of enqueue) enqueueOne(state, run, null)
  return true
}

/** The verb. */
export function getBackfills(state: MemoryState, request: { readonly ids: readonly string[] }): { backfills: (BackfillRecord | null)[] } {
  const backfills = request.ids.map((id) => {
    const row = state.windows.backfills.get(id)
    return row === undefined ? null : toBackfillRecord(row)
  })
  return { backfills }
}

/** The verb. */
export function findBackfills(
  state: MemoryState,
  request: { readonly rollup?: string | undefined; readonly unfinished?: boolean | undefined; readonly limit: number },
): { backfills: BackfillRecord[] } {
  const { rollup, unfinished = false, limit } = request
  const rows = [...state.windows.backfills.values()].reverse()
  const matching = rows.filter((row) => (rollup === undefined || row.rollup.name === rollup) && (!unfinished || !hasEnded(row)))
  return { backfills: matching.slice(0, limit).map(toBackfillRecord) }
}
