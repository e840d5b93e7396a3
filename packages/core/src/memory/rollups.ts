/** Definitions of rollups, by compare-and-set; and how they are forgotten. */
import type { DefineReply, RollupDefinition } from '../store/windows.ts'
import { endBackfill } from './backfill-rows.ts'
import { appendMarks } from './marks.ts'
import { declaringOwners } from './owners.ts'
import { SortedLog } from './sorted-log.ts'
import { begin, type MemoryState } from './state.ts'
import type { BackfillRow, RollupRow } from './window-rows.ts'
import { forgetWindow } from './window-state.ts'
import { obtainSource, reindexSource, renewToken, type WindowTables } from './window-tables.ts'

/** The verb. */
export function define(
  state: MemoryState,
  request: { readonly rollups: readonly RollupDefinition[]; readonly now?: number | undefined },
): { replies: DefineReply[] } {
  begin(state, request.now)
  return { replies: request.rollups.map((definition) => defineOne(state, definition)) }
}

function defineOne(state: MemoryState, definition: RollupDefinition): DefineReply {
  const { rollups } = state.windows
  const known = rollups.get(definition.rollup)
  if (known?.hash === definition.hash) return { status: 'unchanged', generation: known.generation }
  const generation = known?.generation ?? 0
  if (generation !== definition.expectedGeneration) return { status: 'stale', generation }
  const rollup = known ?? createRollup(definition)
  if (known === undefined) rollups.set(rollup.name, rollup)
  else if (known.edges !== definition.edges) beginAgain(state, known, definition)
  rollup.generation = ++state.windows.generation
  rollup.hash = definition.hash
  rollup.edges = definition.edges
  rollup.policy = definition.policy
  read(state.windows, rollup, definition.sources)
  appendMarks(state, definition.marks ?? [])
  return { status: 'defined', generation: rollup.generation }
}

function createRollup({ rollup, hash, edges, policy, startAt }: RollupDefinition): RollupRow {
  return {
    name: rollup,
    generation: 0,
    hash,
    sources: [],
    edges,
    policy,
    startAt,
    watermark: startAt,
    sealed: null,
    pace: null,
    windows: new Map(),
    ordered: new SortedLog(),
    dirty: new Set(),
    taken: new Set(),
    suspects: new Set(),
    backfills: new Set(),
  }
}

/** Its windows are other ones from here on. */
function beginAgain(state: MemoryState, rollup: RollupRow, { startAt }: RollupDefinition): void {
  cancelAll(rollup.backfills, 'the windows of its rollup changed', state.now)
  for (const row of rollup.windows.values()) forgetWindow(row)
  rollup.startAt = startAt
  rollup.watermark = startAt
  rollup.pace = null
}

/** Takes all stamps off, and ends them. */
export function cancelAll(backfills: Iterable<BackfillRow>, reason: string | null, now: number): void {
  for (const backfill of backfills) {
    for (const row of backfill.pending) row.backfill = null
    backfill.pending.clear()
    backfill.reason = reason
    endBackfill(backfill, 'cancelled', now)
  }
}

/** The rollup reads these sources and no others; what was collected for it so far is to be collected anew. */
function read(tables: WindowTables, rollup: RollupRow, sources: readonly string[]): void {
  const former = rollup.sources
  rollup.sources = [...sources]
  for (const name of new Set([...former, ...sources])) {
    const source = obtainSource(tables, name)
    if (sources.includes(name)) source.readers.add(rollup)
    else source.readers.delete(rollup)
    renewToken(tables, source)
    reindexSource(tables, source)
  }
}

/** The verb. */
export function forget(
  state: MemoryState,
  request: { readonly rollups: readonly string[]; readonly now?: number | undefined },
): { forgotten: boolean[] } {
  begin(state, request.now)
  return { forgotten: request.rollups.map((name) => declaringOwners(state, name).length === 0 && forgetOne(state.windows, name)) }
}

function forgetOne(tables: WindowTables, name: string): boolean {
  const rollup = tables.rollups.get(name)
  if (rollup === undefined) return false
  read(tables, rollup, [])
  tables.rollups.delete(name)
  for (const backfill of [...tables.backfills.values()]) if (backfill.rollup === rollup) tables.backfills.delete(backfill.id)
  return true
}
