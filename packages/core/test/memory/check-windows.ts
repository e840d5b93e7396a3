/** Checks that the indexes of the windows part agree with its rows. */
import assert from 'node:assert/strict'
import type { MemoryState } from '../../src/memory/state.ts'
import type { RollupRow, SourceRow, WindowRow } from '../../src/memory/window-rows.ts'

/** Throws when an index does not agree with what it is about. */
export function checkWindows({ windows: tables }: MemoryState): void {
  for (const rollup of tables.rollups.values()) checkRollup(rollup)
  for (const source of tables.sources.values()) {
    checkSource(source)
    const isRead = source.readers.size > 0
    assert.equal(tables.marked.has(source), isRead && source.open.size > 0, `${source.name}: among the marked`)
    assert.equal(tables.parking.has(source), isRead && source.parked.size > 0, `${source.name}: among those with parked marks`)
    for (const rollup of source.readers) assert.ok(tables.rollups.get(rollup.name) === rollup && rollup.sources.includes(source.name))
  }
  for (const backfill of tables.backfills.values()) {
    const rows = [...backfill.rollup.windows.values()].filter((row) => row.backfill === backfill)
    assert.deepEqual(new Set(rows), new Set(backfill.pending), `${backfill.id}: what is stamped`)
    const hasEnded = backfill.state === 'finished' || backfill.state === 'cancelled'
    assert.equal(backfill.rollup.backfills.has(backfill), !hasEnded, `${backfill.id}: among those that have not ended`)
    assert.equal(backfill.finishedAt !== null, hasEnded, `${backfill.id}: finishedAt`)
  }
}

function checkRollup(rollup: RollupRow): void {
  const rows = [...rollup.windows.values()].sort((a, b) => a.start - b.start)
  const those = (matches: (row: WindowRow) => boolean): Set<WindowRow> => new Set(rows.filter(matches))
  assert.deepEqual([...rollup.ordered.above(Number.NEGATIVE_INFINITY)], rows, `${rollup.name}: in order`)
  assert.deepEqual(
    new Set(rollup.dirty),
    those((row) => row.dirtySince !== null),
    `${rollup.name}: dirty`,
  )
  assert.deepEqual(
    new Set(rollup.taken),
    those((row) => row.hold !== null),
    `${rollup.name}: taken`,
  )
  assert.deepEqual(
    new Set(rollup.suspects),
    those((row) => row.suspect !== null),
    `${rollup.name}: suspect`,
  )
  for (const row of rows)
    if (row.error !== null || row.hold !== null) assert.ok(row.dirtySince !== null, `${rollup.name}: ${row.start} is clean`)
}

function checkSource(source: SourceRow): void {
  assert.equal(source.open.size + source.parked.size, source.marks.size, `${source.name}: marks`)
  for (const mark of source.parked.items) assert.ok(source.marks.get(mark.id) === mark)
  for (const mark of source.open.above(0)) assert.ok(source.marks.get(mark.id) === mark && mark.heapIndex === -1)
}
