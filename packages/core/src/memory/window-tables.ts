/** The tables of the windows part: rollups, sources of marks, backfills. */
import { RecentRuns } from './recent-runs.ts'
import { SortedLog } from './sorted-log.ts'
import { Heap } from './heap.ts'
import type { BackfillRow, RollupRow, SourceRow } from './window-rows.ts'

export interface WindowTables {
  readonly rollups: Map<string, RollupRow>
  readonly sources: Map<string, SourceRow>
  /** Sources that are read and have marks to be drained; the one whose turn it is comes first. */
  readonly marked: Set<SourceRow>
  /** Sources that are read and have parked marks. */
  readonly parking: Set<SourceRow>
  /** In the order of their creation. */
  readonly backfills: Map<string, BackfillRow>
  /** What running runs have recorded, so that a repeated commit or failure is known. */
  readonly recorded: RecentRuns
  /** The last mark's id; the last token of any source; the last generation of any rollup, so that a forgotten one gets a new one. */
  markId: number
  token: number
  generation: number
}

export function createWindowTables(): WindowTables {
  return {
    rollups: new Map(),
    sources: new Map(),
    marked: new Set(),
    parking: new Set(),
    backfills: new Map(),
    recorded: new RecentRuns(),
    markId: 0,
    token: 0,
    generation: 0,
  }
}

/** The source of that name, made if need be. */
export function obtainSource(tables: WindowTables, name: string): SourceRow {
  let source = tables.sources.get(name)
  if (source === undefined) {
    source = {
      name,
      token: ++tables.token,
      readers: new Set(),
      marks: new Map(),
      open: new SortedLog(),
      parked: new Heap((a, b) => a.until < b.until || (a.until === b.until && a.id < b.id)),
    }
    tables.sources.set(name, source)
  }
  return source
}

/** Corrects a source's places in the indexes; to be called whenever its marks or readers changed. A source with neither is forgotten. */
export function reindexSource(tables: WindowTables, source: SourceRow): void {
  const isRead = source.readers.size > 0
  if (!isRead || source.open.size === 0) tables.marked.delete(source)
  else tables.marked.add(source)
  if (!isRead || source.parked.size === 0) tables.parking.delete(source)
  else tables.parking.add(source)
  if (!isRead && source.marks.size === 0) tables.sources.delete(source.name)
}

/** Whatever was collected from the source is to be collected anew. */
export function renewToken(tables: WindowTables, source: SourceRow): void {
  source.token = ++tables.token
}
