/** Draining: marks become dirty windows, in one write per source. */
import type { Drain, DrainReply, MarkGroup } from '../store/windows.ts'
import type { Tick } from '../store/tick.ts'
import { enqueueOne } from './enqueue.ts'
import { deleteMark, park } from './marks.ts'
import { begin, type MemoryState } from './state.ts'
import type { MarkRow, SourceRow } from './window-rows.ts'
import { beginAnew, obtainWindow, soil } from './window-state.ts'
import { reindexSource, renewToken } from './window-tables.ts'

/** The verb. It never has to wait for a refresh, so no mark is ever left. */
export function drain(
  state: MemoryState,
  request: { readonly drains: readonly Drain[]; readonly now?: number | undefined },
): { replies: DrainReply[] } & Tick {
  begin(state, request.now)
  const replies = request.drains.map((one): DrainReply => ({ status: drainOne(state, one) ? 'drained' : 'stale', left: [] }))
  return { replies, storeNow: state.now }
}

function drainOne(state: MemoryState, one: Drain): boolean {
  const tables = state.windows
  const source = tables.sources.get(one.source)
  if (source === undefined || String(source.token) !== one.token) return false
  for (const group of one.groups) digest(state, source, group)
  for (const { id, until } of one.parked) withMark(source, id, (row) => park(source, row, until))
  for (const { id, from, to } of one.narrowed) withMark(source, id, (row) => Object.assign(row, { from, to }))
  for (const sealed of one.sealed) countSealed(state, sealed)
  for (const request of one.enqueue) enqueueOne(state, request, null)
  renewToken(tables, source)
  reindexSource(tables, source)
  return true
}

function withMark(source: SourceRow, id: number, change: (row: MarkRow) => void): void {
  const row = source.marks.get(id)
  if (row !== undefined) change(row)
}

function digest(state: MemoryState, source: SourceRow, { marks, markedAt, removed, windows }: MarkGroup): void {
  for (const id of marks) withMark(source, id, (row) => deleteMark(source, row))
  for (const { rollup: name, start, end } of windows) {
    const rollup = state.windows.rollups.get(name)
    if (rollup === undefined) continue
    const row = obtainWindow(rollup, start, end)
    row.seq++
    soil(row, markedAt, removed)
    beginAnew(row)
    if (row.hold === null) continue
    row.hold.laterSince = Math.min(row.hold.laterSince ?? markedAt, markedAt)
    row.hold.laterRemoved ||= removed
  }
}

/** Adds late data of windows that are sealed to what is known of it. */
function countSealed(state: MemoryState, { rollup: name, marks, from, to }: Drain['sealed'][number]): void {
  const rollup = state.windows.rollups.get(name)
  if (rollup === undefined) return
  const { sealed } = rollup
  rollup.sealed = {
    marks: (sealed?.marks ?? 0) + marks.length,
    from: Math.min(sealed?.from ?? from, from),
    to: Math.max(sealed?.to ?? to, to),
    lastAt: state.now,
  }
}
