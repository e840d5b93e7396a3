/** Snapshots of a target, as a refresh that carries one makes them. */
import { describe, expect, it } from 'vitest'
import type { RefreshTarget } from '../../src/rollup/refresh-target.ts'
import type { Refresh } from '../../src/rollup/rollup.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { type ManualScheduler, manualScheduler } from '../../src/testing/manual-scheduler.ts'

const at = (text: string): Date => new Date(`2026-03-01T${text}Z`)

/** Rows are numbers by the start of their windows. */
function keeping(rows: Map<number, number>, extra: Partial<RefreshTarget> = {}): Refresh {
  const snapshots = new Map<string, { from: Date; to: Date; rows: Map<number, number> }>()
  const inRange = ({ from, to }: { from: Date; to: Date }) => [...rows].filter(([start]) => start >= from.getTime() && start < to.getTime())
  const target: RefreshTarget = {
    async snapshot(range) {
      snapshots.set('copy', { ...range, rows: new Map(inRange(range)) })
      return { snapshot: 'copy', rows: inRange(range).length }
    },
    async restore(name) {
      const { rows: kept, ...range } = snapshots.get(name) ?? { rows: new Map(), from: at('00:00:00'), to: at('00:00:00') }
      for (const [start] of inRange(range)) rows.delete(start)
      for (const [start, value] of kept) rows.set(start, value)
      return { rows: kept.size, ...range }
    },
    sql: async () => 'create table t ();',
    examine: async () => [],
    ...extra,
  }
  return Object.assign(
    ({ windows }: Parameters<Refresh>[0]) => {
      for (const { start } of windows) rows.set(start.getTime(), (rows.get(start.getTime()) ?? 0) + 1)
    },
    { target },
  )
}

function schedulerOf(refresh: Refresh): { manual: ManualScheduler; refreshed: string[] } {
  const refreshed: string[] = []
  const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01T00:00:00Z', refresh })
  const half = defineRollup({
    name: 'half',
    grain: '12h',
    start: '2026-03-01T00:00:00Z',
    after: [hourly],
    refresh: ({ windows }) => void refreshed.push(...windows.map(({ start }) => start.toISOString().slice(11, 13))),
  })
  return { manual: manualScheduler({ jobs: [hourly, half], clock: fakeClock('2026-03-02T00:30:00Z'), seed: 1 }), refreshed }
}

describe('a snapshot of a target', () => {
  it('is put back after a backfill, and what comes after the rollup is refreshed', async () => {
    const rows = new Map<number, number>()
    const { manual, refreshed } = schedulerOf(keeping(rows))
    await using _ = manual
    const { scheduler } = manual
    await manual.start()
    await manual.advance('5m')
    const before = [...rows]
    const range = { from: at('02:00:00'), to: at('05:00:00') }
    expect(await scheduler.rollups.snapshot('hourly', range)).toEqual({ rollup: 'hourly', snapshot: 'copy', rows: 3, ...range })
    const backfill = await scheduler.backfill('hourly', range)
    await expect(scheduler.rollups.restore('hourly', 'copy')).rejects.toMatchObject({
      code: 'BackfillOverlaps',
      message: expect.stringContaining(backfill.id),
    })
    await manual.advance('5m')
    expect([...rows]).not.toEqual(before)
    refreshed.length = 0
    expect(await scheduler.rollups.restore('hourly', 'copy')).toEqual({ rollup: 'hourly', snapshot: 'copy', rows: 3, ...range })
    expect([...rows].sort()).toEqual([...before].sort())
    await manual.advance('5m')
    expect(refreshed).toEqual(['00'])
    expect([...rows].sort()).toEqual([...before].sort())
  })

  it('is refused where the refresh has no target, the store no transactions, or the range no windows', async () => {
    const plain = schedulerOf(() => undefined)
    await using _ = plain.manual
    const range = { from: at('02:00:00'), to: at('05:00:00') }
    await expect(plain.manual.scheduler.rollups.snapshot('hourly', range)).rejects.toMatchObject({ code: 'TargetUnknown' })
    await expect(plain.manual.scheduler.rollups.restore('hourly', 'copy')).rejects.toMatchObject({ code: 'TargetUnknown' })
    await expect(plain.manual.scheduler.rollups.targetSql('hourly')).rejects.toMatchObject({ code: 'TargetUnknown' })
    const shared = keeping(new Map(), {
      snapshot: (_range, { writeWith }) => writeWith(async () => ({ snapshot: 'copy', rows: 0 })),
    })
    const other = schedulerOf(shared)
    await using __ = other.manual
    await expect(other.manual.scheduler.rollups.snapshot('hourly', range)).rejects.toMatchObject({ code: 'TransactionsUnsupported' })
    await expect(other.manual.scheduler.rollups.snapshot('hourly', { from: range.to, to: range.from })).rejects.toThrow(
      /to is not after from/,
    )
  })
})
