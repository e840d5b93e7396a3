import { describe, expectTypeOf, it } from 'vitest'
import {
  type Backfill,
  type BackfillView,
  createScheduler,
  defineJob,
  defineRollup,
  every,
  memoryStore,
  type Refresh,
  type RefreshSummary,
  type RefreshWindow,
  type Rollup,
  type RunHandle,
} from '@quarterjack/core'

const hourly = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-01-01', refresh: () => undefined })
const scheduler = createScheduler({ store: memoryStore(), jobs: [hourly] })

describe('defineRollup', () => {
  it('types the refresh', () => {
    expectTypeOf(hourly).toEqualTypeOf<Rollup>()
    defineRollup({
      name: 'a',
      grain: '15m',
      start: new Date(0),
      refresh: async ({ windows, from, to }, { signal, fence, progress, commitWith }) => {
        expectTypeOf(windows).toEqualTypeOf<readonly RefreshWindow[]>()
        expectTypeOf(from).toEqualTypeOf<Date>()
        expectTypeOf(to).toEqualTypeOf<Date>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        expectTypeOf(fence).toEqualTypeOf<number>()
        progress({ done: 1 })
        await commitWith(async (tx) => {
          expectTypeOf(tx).toEqualTypeOf<unknown>()
          return { changed: windows.map(({ start }) => start) }
        })
        return { suspect: [{ start: from, reason: 'empty' }] }
      },
    })
  })

  it('takes what can be verified', () => {
    const refresh: Refresh = Object.assign(() => undefined, { verify: async () => [] })
    defineRollup({ name: 'a', grain: 'day', timeZone: 'Europe/Berlin', start: 0, refresh })
  })

  it('refuses what is wrong', () => {
    const refresh = (): void => undefined
    // @ts-expect-error it has no grain
    defineRollup({ name: 'a', start: 0, refresh })
    // @ts-expect-error no grain of this name
    defineRollup({ name: 'a', grain: 'fortnight', start: 0, refresh })
    // @ts-expect-error it has no refresh
    defineRollup({ name: 'a', grain: 'day', start: 0 })
    // @ts-expect-error a rollup comes after rollups
    defineRollup({ name: 'a', grain: 'day', start: 0, after: [defineJob({ name: 'b', run: () => undefined })], refresh })
    // @ts-expect-error no such capture
    defineRollup({ name: 'a', grain: 'day', start: 0, capture: 'all', refresh })
    // @ts-expect-error its schedules carry no payload
    defineRollup({ name: 'a', grain: 'day', start: 0, schedule: every('1h', { payload: { days: 1 } }), refresh })
    // @ts-expect-error a suspect window has a reason
    defineRollup({ name: 'a', grain: 'day', start: 0, refresh: ({ from }) => ({ suspect: [{ start: from }] }) })
  })

  it('may be followed by jobs', () => {
    defineJob({ name: 'publish', after: [hourly], run: () => undefined })
  })
})

describe('a scheduler', () => {
  it('sweeps a rollup, and tells what that did', async () => {
    expectTypeOf(scheduler.trigger(hourly)).resolves.toEqualTypeOf<RunHandle<RefreshSummary>>()
    expectTypeOf((await scheduler.trigger(hourly, undefined, { delay: '5s' })).finished()).resolves.toEqualTypeOf<RefreshSummary>()
    // @ts-expect-error a sweep takes no payload
    await scheduler.trigger(hourly, { days: 1 })
  })

  it('takes marks of instants and ranges, alone and in lists', async () => {
    expectTypeOf(scheduler.mark(hourly, new Date())).resolves.toEqualTypeOf<void>()
    await scheduler.mark('orders', '2026-01-01T00:00:00Z')
    await scheduler.mark(hourly, 1_767_225_600_000, { kind: 'added' })
    await scheduler.mark(hourly, [new Date(), { from: '2026-01-01T00:00:00Z', to: new Date() }], { kind: 'removed', tx: {} })
    // @ts-expect-error a range has an end
    await scheduler.mark(hourly, { from: new Date() })
    // @ts-expect-error no such kind
    await scheduler.mark(hourly, new Date(), { kind: 'updated' })
    // @ts-expect-error a job has no windows
    await scheduler.mark(defineJob({ name: 'b', run: () => undefined }), new Date())
  })

  it('holds backfills', async () => {
    const backfill = await scheduler.backfill(hourly, { last: '30d', select: 'missing', order: 'oldest', concurrency: 2 })
    expectTypeOf(backfill).toEqualTypeOf<Backfill>()
    expectTypeOf(
      backfill.finished({ onProgress: ({ share }) => expectTypeOf(share).toEqualTypeOf<number>() }),
    ).resolves.toEqualTypeOf<BackfillView>()
    // @ts-expect-error no such selection
    await scheduler.backfill(hourly, { last: '30d', select: 'late' })
  })
})
