/** The log of marks: appended to by whoever changed data, read by whoever drains it. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { Mark, MarkRecord } from '../store/window-records.ts'
import type { MarkedSource } from '../store/windows.ts'
import type { Tick } from '../store/tick.ts'
import { begin, type MemoryState } from './state.ts'
import type { MarkRow, SourceRow } from './window-rows.ts'
import { toRollupRecord } from './window-state.ts'
import { obtainSource, reindexSource, type WindowTables } from './window-tables.ts'

/** The verb. */
export function mark(
  state: MemoryState,
  request: { readonly marks: readonly Mark[]; readonly tx?: unknown; readonly now?: number | undefined },
): Tick {
  if (request.tx !== undefined) {
    throw new QuarterjackError(
      'TransactionsUnsupported',
      'mark: tx was given, but the memory store has no transactions. Leave it out and mark once the data is written, or use a store that has them.',
    )
  }
  begin(state, request.now)
  appendMarks(state, request.marks)
  return { storeNow: state.now }
}

/** Adds marks to the log as they are. */
export function appendMarks({ windows: tables, now }: MemoryState, marks: readonly Mark[]): void {
  for (const { source: name, from, to, kind } of marks) {
    const source = obtainSource(tables, name)
    const row: MarkRow = { id: ++tables.markId, from, to, kind, markedAt: now, until: Number.NEGATIVE_INFINITY, heapIndex: -1 }
    source.marks.set(row.id, row)
    source.open.add(row.id, row)
    reindexSource(tables, source)
  }
}

/** Hides a mark until an instant. */
export function park(source: SourceRow, row: MarkRow, until: number): void {
  removeFromLog(source, row)
  row.until = until
  source.parked.push(row)
}

/** Takes a mark out of the log for ever. */
export function deleteMark(source: SourceRow, row: MarkRow): void {
  removeFromLog(source, row)
  source.marks.delete(row.id)
}

function removeFromLog(source: SourceRow, row: MarkRow): void {
  if (row.heapIndex === -1) source.open.remove(row.id, row)
  else source.parked.remove(row)
}

/** Marks whose time has come are to be drained. */
export function unpark(tables: WindowTables, source: SourceRow, now: number): void {
  for (let row = source.parked.peek(); row !== undefined && row.until <= now; row = source.parked.peek()) {
    source.parked.remove(row)
    source.open.add(row.id, row)
  }
  reindexSource(tables, source)
}

/** The verb. What it costs follows what it returns, and how many sources have marks. */
export function collect(
  state: MemoryState,
  request: { readonly sources?: readonly string[] | undefined; readonly limit: number; readonly now?: number | undefined },
): { sources: MarkedSource[]; nextMarkAt: number | null } & Tick {
  begin(state, request.now)
  const tables = state.windows
  const isAsked = chooses(request.sources)
  const parking = [...tables.parking].filter(isAsked)
  for (const source of parking) unpark(tables, source, state.now)
  const nextMarkAt = Math.min(...parking.map((source) => source.parked.peek()?.until ?? Number.POSITIVE_INFINITY))
  const shares = shareOut([...tables.marked].filter(isAsked), request.limit)
  for (const source of shares.keys()) {
    // It goes to the end of the line.
    if (tables.marked.delete(source)) tables.marked.add(source)
  }
  const sources = [...shares].map(([source, count]) => toMarkedSource(source, count))
  return { sources, nextMarkAt: nextMarkAt === Number.POSITIVE_INFINITY ? null : nextMarkAt, storeNow: state.now }
}

function chooses(names: readonly string[] | undefined): (source: SourceRow) => boolean {
  if (names === undefined) return () => true
  const asked = new Set(names)
  return ({ name }) => asked.has(name)
}

/** How many marks of each source fit into the limit: even shares, and what one leaves is for the others. */
function shareOut(sources: readonly SourceRow[], limit: number): ReadonlyMap<SourceRow, number> {
  const shares = new Map<SourceRow, number>()
  let left = limit
  let wanting = sources
  while (left > 0 && wanting.length > 0) {
    const share = Math.max(1, Math.floor(left / wanting.length))
    for (const source of wanting) {
      const has = shares.get(source) ?? 0
      const more = Math.min(share, left, source.open.size - has)
      if (more > 0) shares.set(source, has + more)
      left -= more
    }
    wanting = wanting.filter((source) => source.open.size > (shares.get(source) ?? 0))
  }
  return shares
}

function toMarkedSource(source: SourceRow, count: number): MarkedSource {
  const marks: MarkRecord[] = []
  for (const { id, from, to, kind, markedAt } of source.open.above(0)) {
    if (marks.length === count) break
    marks.push({ id, from, to, kind, markedAt })
  }
  return {
    source: source.name,
    token: String(source.token),
    rollups: [...source.readers].map(toRollupRecord),
    marks,
    more: source.open.size > count,
  }
}
