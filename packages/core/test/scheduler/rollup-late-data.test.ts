/** Data that comes at odd times: ahead of its time, after its time, and after its source was emptied. */
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSource } from './summed-source.ts'

const startAt = '2026-03-01T00:00:00Z'
const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`)

function hourlyOf(refresh: RollupOptions['refresh'], over: Partial<RollupOptions> = {}): Rollup {
  return defineRollup({ name: 'hourly', grain: 'hour', start: startAt, refresh, ...over })
}

describe('a mark about the future', () => {
  it('waits, and makes its window dirty when its time has come', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh, { live: true })
    await using manual = manualScheduler({ jobs: [hourly], startAt: '2026-03-01T02:30:00Z' })
    const { scheduler } = manual
    await manual.start()
    await manual.advance('1m')
    source.calls.length = 0
    await scheduler.mark(hourly, at('03:20:00'))
    await manual.advance('1m')
    expect(source.calls).toEqual([])
    // It holds up nothing, and counts as no delay.
    expect(await scheduler.rollups.state(hourly)).toMatchObject({ status: 'ok', dirty: 0, dirtyMs: 0 })
    await scheduler.mark(hourly, at('01:20:00'))
    await manual.advance('10s')
    expect(source.calls).toEqual([[at('01:00:00')]])
    await manual.advanceTo('2026-03-01T03:19:59Z')
    source.calls.length = 0
    await manual.advance('10s')
    expect(source.calls).toEqual([[at('03:00:00')]])
  })
})

describe('data after allowedLateness', () => {
  it('is counted and shown, and refreshes nothing', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh, { allowedLateness: '2h' })
    await using manual = manualScheduler({ jobs: [hourly], startAt })
    const { scheduler } = manual
    await manual.start()
    await manual.advanceTo('2026-03-01T06:30:00Z')
    source.calls.length = 0
    await scheduler.mark(hourly, [at('01:10:00'), at('01:20:00'), at('02:10:00')])
    await manual.advance('10s')
    expect(source.calls).toEqual([])
    expect((await scheduler.health()).rollups).toMatchObject([{ sealed: 3, dirty: 0, status: 'ok' }])
    // Of a range, the part that is not too late is refreshed.
    await scheduler.mark(hourly, { from: startAt, to: at('06:00:00') })
    await manual.advance('10s')
    expect(source.calls).toEqual([[at('04:00:00'), at('05:00:00')]])
    expect(await scheduler.rollups.state(hourly)).toMatchObject({ sealed: 4, dirty: 0 })
    // Whoever wants them asks for them.
    const backfill = await scheduler.backfill(hourly, { from: at('01:00:00'), to: at('03:00:00') })
    await manual.advance('1m')
    expect(source.calls.slice(1).flat()).toEqual([at('01:00:00'), at('02:00:00')])
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 2 })
  })
})

describe('windows past what the source keeps', () => {
  it('are never refreshed: not by marks, sweeps or backfills', async () => {
    const source = createSource()
    source.events.push({ at: at('00:10:00'), value: 5 }, { at: at('04:10:00'), value: 6 })
    const hourly = hourlyOf(source.refresh, { retain: '3h', lookback: 10 })
    await using manual = manualScheduler({ jobs: [hourly], startAt })
    const { scheduler } = manual
    await manual.start()
    await manual.advanceTo('2026-03-01T06:30:00Z')
    expect(source.target.get(at('00:00:00'))).toBe(5)
    // The source forgets what is old. The target does not.
    source.events.shift()
    source.calls.length = 0
    await scheduler.mark(hourly, { from: startAt, to: at('06:00:00') }, { kind: 'removed' })
    await manual.advance('10s')
    await manual.finish(await scheduler.trigger(hourly))
    expect(Math.min(...source.calls.flat())).toBe(at('04:00:00'))
    await expect(scheduler.backfill(hourly, { from: startAt })).rejects.toMatchObject({ code: 'BackfillOutOfRange' })
    const rest = await scheduler.backfill(hourly, { last: '1d' })
    await manual.advance('1m')
    expect(await rest.progress()).toMatchObject({ state: 'finished', from: new Date(at('04:00:00')), done: 2 })
    expect(Math.min(...source.calls.flat())).toBe(at('04:00:00'))
    expect(source.target).toEqual(
      new Map([
        [at('00:00:00'), 5],
        [at('04:00:00'), 6],
      ]),
    )
  })
})

describe('a window whose source is empty all of a sudden', () => {
  it('may be left as it was: it shows as suspect until it is marked again', async () => {
    const source = createSource()
    source.events.push({ at: at('01:10:00'), value: 5 })
    const hourly = hourlyOf((request, ctx) => {
      const suspect = request.windows.filter(
        ({ start, end, removed }) =>
          !removed &&
          source.target.has(start.getTime()) &&
          !source.events.some((event) => event.at >= start.getTime() && event.at < end.getTime()),
      )
      const rest = request.windows.filter((window) => !suspect.includes(window))
      if (rest.length > 0) void source.refresh({ ...request, windows: rest }, ctx)
      return { suspect: suspect.map(({ start }) => ({ start, reason: 'its rows are gone, and nobody deleted them' })) }
    })
    await using manual = manualScheduler({ jobs: [hourly], startAt })
    const { scheduler } = manual
    await manual.start()
    await manual.advanceTo('2026-03-01T03:10:00Z')
    source.events.length = 0
    await scheduler.mark(hourly, at('01:20:00'), { kind: 'added' })
    await manual.advance('10s')
    expect(source.target.get(at('01:00:00'))).toBe(5)
    expect((await scheduler.health()).rollups).toMatchObject([{ status: 'degraded', suspect: 1 }])
    expect(await scheduler.rollups.windows(hourly)).toMatchObject([{ suspect: 'its rows are gone, and nobody deleted them' }])
    await scheduler.mark(hourly, at('01:20:00'), { kind: 'removed' })
    await manual.advance('10s')
    expect(source.target.has(at('01:00:00'))).toBe(false)
    expect((await scheduler.health()).rollups).toMatchObject([{ status: 'ok', suspect: 0 }])
  })
})
