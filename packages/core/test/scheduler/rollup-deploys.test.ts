/** Rolling deploys of rollups: which process refreshes, and what becomes of marks, while two versions of the program run. */
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { definitionOf } from '../../src/rollup/stored-rollup.ts'
import { manualScheduler, type ManualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSource } from './summed-source.ts'

const MINUTE_MS = 60_000
const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`)

function version(refresh: RollupOptions['refresh'], over: Partial<RollupOptions> = {}): Rollup {
  return defineRollup({ name: 'stats', grain: 'hour', start: '2026-03-01T00:00:00Z', refresh, ...over })
}

/** Another process on the same store and clock. */
function beside(manual: ManualScheduler, rollup: Rollup, seed: number): ManualScheduler {
  return manualScheduler({ jobs: [rollup], seed, clock: manual.clock, store: manual.scheduler.store })
}

describe('while two versions of a rollup run', () => {
  it('only the newer refreshes, and marks are about its windows whoever digests them', async () => {
    const [before, after] = [createSource(), createSource()]
    await using old = manualScheduler({ jobs: [version(before.refresh)], startAt: '2026-03-01T00:00:00Z', seed: 1 })
    await old.start()
    await old.advanceTo('2026-03-01T02:10:00Z')
    expect(before.calls.flat()).toEqual([at('00:00:00'), at('01:00:00')])

    await using young = beside(old, version(after.refresh, { grain: '30m' }), 2)
    await young.start()
    await old.advance('2m')
    const calls = before.calls.length
    expect(await young.scheduler.rollups.state('stats')).toMatchObject({ status: 'ok', watermark: '2026-03-01T02:00:00.000Z' })
    expect(new Set(after.calls.flat()).size).toBe(4)
    // Once it knows, it leaves the runs alone: they do not come to it each five seconds.
    expect((await old.scheduler.runs.find({ job: 'stats', state: 'skipped' })).length).toBeLessThan(3)

    after.events.push({ at: at('00:40:00'), value: 7 })
    after.calls.length = 0
    await old.scheduler.mark('stats', at('00:40:00'))
    await old.advance('1m')
    expect(after.calls).toEqual([[at('00:30:00')]])
    expect(after.target).toEqual(new Map([[at('00:30:00'), 7]]))
    await old.advanceTo('2026-03-01T06:00:00Z')
    expect(before.calls.length).toBe(calls)
    expect(await old.scheduler.rollups.state('stats')).toMatchObject({ dirty: 0, watermark: '2026-03-01T05:30:00.000Z' })
  })

  it('windows that become other ones are built again, also where only marks say what is to be built', async () => {
    const [before, after] = [createSource(), createSource()]
    before.events.push({ at: at('00:40:00'), value: 7 })
    after.events.push(...before.events)
    const complete = { capture: 'complete' } as const
    await using old = manualScheduler({ jobs: [version(before.refresh, complete)], startAt: '2026-03-01T02:30:00Z', seed: 1 })
    await old.start()
    await old.advance('1m')
    // Nobody had marked what was there when it was defined.
    expect(before.target).toEqual(new Map([[at('00:00:00'), 7]]))
    await old.stop()

    await using young = beside(old, version(after.refresh, { ...complete, grain: '30m' }), 2)
    await young.start()
    await young.advance('1m')
    expect(after.target).toEqual(new Map([[at('00:30:00'), 7]]))
    expect(await young.scheduler.rollups.state('stats')).toMatchObject({ status: 'ok', watermark: '2026-03-01T02:00:00.000Z' })
  })

  it('a refresh that computes something else is another definition where its revision says so', async () => {
    const [before, after] = [createSource(), createSource()]
    await using old = manualScheduler({ jobs: [version(before.refresh)], startAt: '2026-03-01T00:00:00Z', seed: 1 })
    await old.start()
    await old.advanceTo('2026-03-01T02:10:00Z')
    await using young = beside(old, version(after.refresh, { revision: 'with-refunds' }), 2)
    await young.start()
    before.calls.length = 0
    await old.scheduler.mark('stats', at('00:40:00'))
    await old.advance('1m')
    expect(before.calls).toEqual([])
    // What was refreshed stays as it is, until somebody asks for it.
    expect(after.calls).toEqual([[at('00:00:00')]])
    await young.scheduler.backfill('stats', { from: at('00:00:00') })
    await old.advance('1m')
    expect(new Set(after.calls.flat())).toEqual(new Set([at('00:00:00'), at('01:00:00')]))
    expect(before.calls).toEqual([])
  })

  it('one that starts with the older does not refresh either', async () => {
    const [before, after] = [createSource(), createSource()]
    const older = version(before.refresh)
    await using first = manualScheduler({ jobs: [older], startAt: '2026-03-01T00:00:00Z', seed: 1 })
    await first.start()
    await using young = beside(first, version(after.refresh, { lookback: 1 }), 2)
    await young.start()
    await first.stop()
    await using late = beside(first, older, 3)
    await late.start()
    await late.advanceTo('2026-03-01T03:10:00Z')
    expect(before.calls).toEqual([])
    expect(new Set(after.calls.flat()).size).toBe(3)
    const skipped = await late.scheduler.runs.find({ job: 'stats', state: 'skipped' })
    expect(skipped.every(({ reason }) => /another version|defined anew|nothing to refresh/.test(reason ?? ''))).toBe(true)
  })

  it('the older takes over again once the newer is gone', async () => {
    const [before, after] = [createSource(), createSource()]
    await using old = manualScheduler({ jobs: [version(before.refresh)], startAt: '2026-03-01T00:00:00Z', seed: 1 })
    await old.start()
    const young = beside(old, version(after.refresh, { lookback: 1 }), 2)
    await young.start()
    await old.advanceTo('2026-03-01T01:10:00Z')
    expect(before.calls).toEqual([])
    await young.stop()
    await old.advanceTo('2026-03-01T03:20:00Z')
    expect(new Set(before.calls.flat())).toEqual(new Set([at('01:00:00'), at('02:00:00')]))
    expect(await old.scheduler.rollups.state('stats')).toMatchObject({ status: 'ok', watermark: '2026-03-01T03:00:00.000Z' })
  })

  it('marks wait where a definition cannot be read, and nothing of the source is lost', async () => {
    const source = createSource()
    const rollup = version(source.refresh)
    await using old = manualScheduler({ jobs: [rollup], startAt: '2026-03-01T05:30:00Z', seed: 1 })
    await old.start()
    await old.advance('2m')
    const { windows } = old.scheduler.store
    if (windows === undefined) throw new Error('the store has no windows')
    // A newer version has written something that this one does not know.
    const future = { ...definitionOf(rollup, 0), rollup: 'stats-next', edges: 'fortnight UTC', sources: ['stats'] }
    await windows.define({ rollups: [future] })
    const calls = source.calls.length
    await old.scheduler.mark('stats', at('01:10:00'))
    await old.advance('2m')
    expect(source.calls.length).toBe(calls)
    expect((await windows.collect({ limit: 10 })).sources.map(({ marks }) => marks.length)).toEqual([1])
    await windows.forget({ rollups: ['stats-next'] })
    await old.advance(MINUTE_MS)
    expect(source.calls.slice(calls)).toEqual([[at('01:00:00')]])
  })
})
