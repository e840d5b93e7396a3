/** Rollups through the facade: due, marked, late, failed, filled; on the memory store and a clock that the test moves. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Rollup } from '../../src/rollup/rollup.ts'
import type { WindowRecord } from '../../src/store/window-records.ts'
import type { WindowStore } from '../../src/store/windows.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler, type ManualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSource } from './summed-source.ts'

const START = '2026-03-01T00:00:00Z'
const HOUR_MS = 3_600_000

/** Of a window that is dirty. */
const RECORD: WindowRecord = {
  rollup: 'minutes',
  start: 0,
  end: 0,
  seq: 1,
  dirtySince: 1,
  removed: false,
  complete: true,
  refreshedAt: null,
  attempts: 0,
  error: null,
  retryAt: null,
  suspect: null,
  backfill: null,
  runId: null,
  fence: 0,
}

const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`)

async function started(rollups: readonly Rollup[], startAt = '2026-03-01T00:00:00Z'): Promise<ManualScheduler> {
  const manual = manualScheduler({ jobs: rollups, startAt })
  await manual.start()
  return manual
}

describe('a rollup', () => {
  it('is refreshed a grace after the end of each window, and says how far it is', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, refresh: source.refresh })
    await using manual = await started([hourly])
    source.events.push({ at: at('00:10:00'), value: 3 }, { at: at('00:50:00'), value: 4 })
    await manual.advanceTo('2026-03-01T01:04:59Z')
    expect(source.calls).toEqual([])
    await manual.advanceTo('2026-03-01T01:05:01Z')
    expect(source.calls).toEqual([[at('00:00:00')]])
    expect(source.target).toEqual(new Map([[at('00:00:00'), 7]]))
    expect(await manual.scheduler.rollups.state(hourly)).toMatchObject({
      status: 'ok',
      watermark: '2026-03-01T01:00:00.000Z',
      lagMs: 0,
      dirty: 0,
    })
    const [next] = await manual.scheduler.preview(hourly, { count: 1 })
    expect([next?.slot.toISOString(), next?.dueAt.toISOString()]).toEqual(['2026-03-01T02:00:00.000Z', '2026-03-01T02:05:00.000Z'])
  })

  it('refreshes what had ended, and was not due, when it was defined', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, refresh: source.refresh })
    await using manual = await started([hourly], '2026-03-01T01:02:00Z')
    await manual.advanceTo('2026-03-01T01:05:01Z')
    expect(source.calls).toEqual([[at('00:00:00')]])
  })

  it('is not late for what had been due before it was known', async () => {
    const slow = defineRollup({ name: 'slow', grain: 'day', start: '2020-01-01', refresh: () => Promise.reject(new Error('not yet')) })
    await using manual = await started([slow])
    await manual.advance('1m')
    expect((await manual.scheduler.rollups.state(slow)).lagMs).toBe(60_000)
    expect((await manual.scheduler.health()).rollups[0]?.lagMs).toBe(60_000)
  })

  it('takes late data in after a debounce, and parents with it', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, refresh: source.refresh })
    const days: number[] = []
    const daily = defineRollup({
      name: 'daily',
      grain: 'day',
      start: START,
      after: [hourly],
      live: true,
      refresh: ({ windows }) => void days.push(...windows.map(({ start }) => start.getTime())),
    })
    await using manual = await started([hourly, daily])
    await manual.advanceTo('2026-03-01T06:10:00Z')
    const before = source.calls.length
    const parentsBefore = days.length
    source.events.push({ at: at('02:30:00'), value: 5 })
    await manual.scheduler.mark(hourly, at('02:30:00'))
    await manual.advance('4s')
    expect(source.calls.length).toBe(before)
    await manual.advance('3s')
    expect(source.calls.slice(before)).toEqual([[at('02:00:00')]])
    expect(source.target.get(at('02:00:00'))).toBe(5)
    await manual.advance('20s')
    expect(days.length).toBeGreaterThan(parentsBefore)
  })

  it('completes a parent as soon as its child has come so far', async () => {
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, refresh: () => undefined })
    const six = defineRollup({ name: 'six', grain: '6h', start: START, after: [hourly], refresh: () => undefined })
    await using manual = await started([six, hourly], '2026-03-02T00:06:00Z')
    await manual.advance('6s')
    expect(await manual.scheduler.rollups.state(six)).toMatchObject({ status: 'ok', watermark: '2026-03-02T00:00:00.000Z' })
  })

  it('takes marks of others in after a debounce, where the store gives no hints', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, source: 'calls', refresh: source.refresh })
    const clock = fakeClock(START)
    const store = { ...memoryStore({ clock }), watch: () => () => undefined }
    await using manual = manualScheduler({ jobs: [hourly], store, clock })
    await manual.start()
    await manual.advanceTo('2026-03-01T06:10:00Z')
    const before = source.calls.length
    // As triggers do: no scheduler is told.
    const mark = { source: 'calls', from: at('02:30:00'), to: at('02:30:01'), kind: 'changed' } as const
    await store.windows?.mark({ marks: [mark] })
    // Found within five seconds, gathered for five.
    await manual.advance('11s')
    expect(source.calls.slice(before)).toEqual([[at('02:00:00')]])
  })

  it('refreshes on demand what was marked just before, drained or not', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, source: 'calls', refresh: source.refresh })
    const clock = fakeClock(START)
    const store = { ...memoryStore({ clock }), watch: () => () => undefined }
    await using manual = manualScheduler({ jobs: [hourly], store, clock })
    await manual.start()
    await manual.advanceTo('2026-03-01T06:10:00Z')
    const before = source.calls.length
    const mark = { source: 'calls', from: at('02:30:00'), to: at('02:30:01'), kind: 'changed' } as const
    await store.windows?.mark({ marks: [mark] })
    expect(await manual.finish(await manual.scheduler.trigger(hourly), '1s')).toMatchObject({ refreshed: 1 })
    expect(source.calls.slice(before)).toEqual([[at('02:00:00')]])
  })

  it('keeps maxWait under a stream of marks', async () => {
    const source = createSource()
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      start: START,
      debounce: { wait: '5s', maxWait: '30s' },
      refresh: source.refresh,
    })
    await using manual = await started([hourly])
    await manual.advanceTo('2026-03-01T03:30:00Z')
    const before = source.calls.length
    const times: number[] = []
    for (let second = 0; second < 95; second++) {
      await manual.scheduler.mark(hourly, at('01:30:00'))
      await manual.advance('1s')
      if (source.calls.length > before + times.length) times.push(second)
    }
    // One refresh each half minute, however steadily marks come.
    expect(source.calls.length - before).toBe(3)
  })

  it('catches up after downtime from the state of its windows', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, refresh: source.refresh })
    const manual = await started([hourly])
    await manual.advanceTo('2026-03-01T02:10:00Z')
    await manual.stop()
    await manual.clock.advanceTo('2026-03-03T04:20:00Z')
    const again = manualScheduler({ jobs: [hourly], clock: manual.clock, store: manual.scheduler.store })
    await again.start()
    await again.advance('1m')
    expect(await again.scheduler.rollups.state(hourly)).toMatchObject({ status: 'ok', watermark: '2026-03-03T04:00:00.000Z' })
    expect(new Set(source.calls.flat()).size).toBe(52)
    await again.stop()
  })

  it('fails one bad window alone, tries it again by itself, and tells of it', async () => {
    let broken = true
    const good: number[] = []
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      start: START,
      retry: { retries: 3, minTimeout: '10s', randomize: false },
      refresh: ({ windows }) => {
        if (broken && windows.some(({ start }) => start.getTime() === at('01:00:00'))) throw new Error('bad row')
        good.push(...windows.map(({ start }) => start.getTime()))
      },
    })
    await using manual = await started([hourly], '2026-03-01T03:06:00Z')
    await manual.advance('7s')
    expect([...new Set(good)].sort()).toEqual([at('00:00:00'), at('02:00:00')])
    const state = await manual.scheduler.rollups.state(hourly)
    expect(state).toMatchObject({ status: 'degraded', failed: 1, watermark: '2026-03-01T01:00:00.000Z' })
    expect(await manual.scheduler.rollups.windows(hourly)).toMatchObject([
      { start: new Date(at('01:00:00')), error: { message: 'bad row' } },
    ])
    broken = false
    await manual.advance('30s')
    expect(await manual.scheduler.rollups.state(hourly)).toMatchObject({ status: 'ok', failed: 0, watermark: '2026-03-01T03:00:00.000Z' })
  })

  it('sweeps on demand, with what it looks back at', async () => {
    const source = createSource()
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, lookback: 2, live: true, refresh: source.refresh })
    await using manual = await started([hourly])
    await manual.advanceTo('2026-03-01T05:30:00Z')
    const before = source.calls.length
    const run = await manual.scheduler.trigger(hourly)
    const summary = await manual.finish(run)
    expect(summary).toMatchObject({ refreshed: 3, failed: 0 })
    expect(source.calls.slice(before).flat().sort()).toEqual([at('03:00:00'), at('04:00:00'), at('05:00:00')])
  })

  it('lists what is not clean page by page when it verifies', async () => {
    const store = memoryStore()
    const minute = 60_000
    const limits: number[] = []
    const list: WindowStore['list'] = async ({ rollup, from, to, limit }) => {
      limits.push(limit)
      const first = Math.ceil(from / minute) * minute
      const count = Math.min(limit, Math.max(0, Math.ceil((to - first) / minute)))
      return { windows: Array.from({ length: count }, (_, n) => ({ ...RECORD, rollup, start: first + n * minute })) }
    }
    const windows = { ...(store.windows as WindowStore), list }
    const refresh = Object.assign(() => undefined, { verify: async () => [] })
    const rollup = defineRollup({ name: 'minutes', grain: '1m', start: 0, refresh })
    await using manual = manualScheduler({ jobs: [rollup], store: { ...store, windows }, startAt: 30 * 86_400_000 })
    const { checked, leftOut } = await manual.scheduler.rollups.verify(rollup, { from: 0, to: 12_000 * minute, sample: 'all' })
    expect({ checked, leftOut, calls: limits.length }).toEqual({ checked: 0, leftOut: 12_000, calls: 3 })
    expect(Math.max(...limits)).toBeLessThanOrEqual(5_000)
  })

  it('refuses what is not a rollup, and a store without windows', async () => {
    const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: START, refresh: () => undefined })
    await using manual = await started([hourly])
    await expect(manual.scheduler.rollups.state('hourli')).rejects.toMatchObject({
      code: 'UnknownRollup',
      message: expect.stringContaining('Did you mean "hourly"?'),
    })
    await expect(manual.scheduler.mark(hourly, 'soon')).rejects.toMatchObject({ code: 'InvalidInstant' })
    await expect(manual.scheduler.mark(hourly, { from: 5, to: 5 })).rejects.toMatchObject({ code: 'InvalidOption' })
    await expect(manual.scheduler.rollups.verify(hourly, { from: 0, to: 1 })).rejects.toMatchObject({ code: 'NotVerifiable' })
    const verifiable = Object.assign(() => undefined, { verify: async () => [] })
    await using other = manualScheduler({ jobs: [defineRollup({ name: 'other', grain: 'hour', start: 0, refresh: verifiable })] })
    for (const [from, to] of [
      [2, 1],
      [1, 1],
    ] as const)
      await expect(other.scheduler.rollups.verify('other', { from, to })).rejects.toMatchObject({ code: 'InvalidOption' })
    for (const range of [{}, { from: 0, last: '1d' }] as const)
      await expect(other.scheduler.rollups.verify('other', range)).rejects.toMatchObject({ code: 'InvalidOption' })
    expect(await other.scheduler.rollups.verify('other', { last: '1d' })).toMatchObject({ drift: [], more: false })
    const { windows: _, ...without } = manual.scheduler.store
    expect(() => manualScheduler({ jobs: [hourly], store: without })).toThrow(expect.objectContaining({ code: 'StoreUnsupported' }))
  })
})

describe('a backfill', () => {
  it('recomputes a range newest first, resumes after a pause, and tells how far it is', async () => {
    const source = createSource()
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      start: '2026-02-01T00:00:00Z',
      batch: { start: 10, most: 10 },
      refresh: source.refresh,
    })
    await using manual = await started([hourly])
    await manual.advance('10m')
    source.calls.length = 0
    const plan = await manual.scheduler.rollups.planBackfill(hourly, { last: '2d' })
    expect(plan).toMatchObject({ windows: 48, to: new Date('2026-03-01T00:00:00Z'), select: 'all', order: 'newest' })
    const backfill = await manual.scheduler.backfill(hourly, { last: '2d' })
    await manual.clock.until(backfill.finished(), HOUR_MS)
    const order = source.calls.flat()
    expect(order.length).toBe(48)
    expect(source.calls[0]?.at(-1)).toBe(Date.parse('2026-02-28T23:00:00Z'))
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 48, failed: 0, total: 48, share: 1, remainingMs: 0 })
    expect(await manual.scheduler.rollups.backfills()).toMatchObject([{ id: backfill.id, state: 'finished' }])
    expect(await backfill.cancel()).toBe(false)
  })

  it('is paused, resumed and cancelled', async () => {
    let slow = 0
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      start: '2026-02-01T00:00:00Z',
      batch: { start: 1, most: 1 },
      refresh: () => void slow++,
    })
    const manual = await started([hourly])
    await manual.advance('10m')
    await manual.stop()
    slow = 0
    // Nobody works while it is asked for and paused.
    const client = manualScheduler({ jobs: [hourly], clock: manual.clock, store: manual.scheduler.store })
    const backfill = await client.scheduler.backfill(hourly, { last: '1d' })
    expect(await backfill.pause('busy')).toBe(true)
    await client.start()
    await client.advance('1m')
    expect(slow).toBe(0)
    expect(await backfill.progress()).toMatchObject({ state: 'paused', reason: 'busy', done: 0 })
    await expect(client.scheduler.backfill(hourly, { last: '1d' })).rejects.toMatchObject({ code: 'BackfillOverlaps' })
    expect(await backfill.resume()).toBe(true)
    await client.advance('1m')
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 24 })
    const other = await client.scheduler.backfill(hourly, { last: '1d' })
    expect(await other.cancel('changed my mind')).toBe(true)
    await client.advance('1m')
    expect(await other.progress()).toMatchObject({ state: 'cancelled', reason: 'changed my mind' })
    await client.stop()
  })
})
