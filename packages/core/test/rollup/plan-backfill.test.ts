/** What a backfill is asked for, what it means, which windows it takes, and how far it is. */
import { describe, expect, it } from 'vitest'
import { type BackfillOptions, resolveBackfill } from '../../src/rollup/backfill-options.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { progressOf } from '../../src/rollup/backfill-progress.ts'
import { backfillRequestOf, nextStretch, planBackfill, planStamp } from '../../src/rollup/plan-backfill.ts'
import type { RollupOptions } from '../../src/rollup/rollup.ts'
import { readBackfillPayload } from '../../src/rollup/rollup-run.ts'
import type { BackfillRecord, WindowRecord } from '../../src/store/window-records.ts'
import { DAY_MS, hour, texts } from './workshop.ts'

const NOW = Date.UTC(2026, 3, 1, 10, 30)

function target(over: Partial<RollupOptions> = {}) {
  const { policy } = defineRollup({
    name: 'daily',
    grain: 'day',
    timeZone: 'Europe/Berlin',
    start: '2026-01-01',
    refresh: () => undefined,
    ...over,
  })
  return policy
}

const range = (options: BackfillOptions, over: Partial<RollupOptions> = {}): readonly string[] => {
  const { from, to } = resolveBackfill(target(over), options, NOW)
  return texts([from, to])
}

describe('ranges', () => {
  it.each<[BackfillOptions, readonly [string, string]]>([
    [{ last: '3d' }, ['2026-03-27T23:00', '2026-03-31T22:00']],
    [{ date: '2026-03-29' }, ['2026-03-28T23:00', '2026-03-29T22:00']],
    [{ from: '2026-03-28', to: '2026-03-30' }, ['2026-03-27T23:00', '2026-03-29T22:00']],
    [{ from: '2026-03-28T12:00:00Z', to: '2026-03-29T00:00:00Z' }, ['2026-03-27T23:00', '2026-03-29T22:00']],
    [{ from: new Date('2026-03-28T12:00:00Z') }, ['2026-03-27T23:00', '2026-03-31T22:00']],
    [{ last: '2y' }, ['2025-12-31T23:00', '2026-03-31T22:00']],
    [{ last: '2d', to: '2026-03-10' }, ['2026-03-07T23:00', '2026-03-09T23:00']],
    [{ select: 'missing' }, ['2025-12-31T23:00', '2026-03-31T22:00']],
    [{ from: '2026-03-31', to: '2026-04-02' }, ['2026-03-30T22:00', '2026-03-31T22:00']],
  ])('%j', (options, expected) => {
    expect(range(options)).toEqual(expected)
  })

  it('with live, the open window is a part of it', () => {
    expect(range({ last: '1d' }, { live: true })).toEqual(['2026-03-30T22:00', '2026-04-01T22:00'])
    expect(range({ date: '2026-04-01' }, { live: true })).toEqual(['2026-03-31T22:00', '2026-04-01T22:00'])
  })

  it.each<[BackfillOptions, string, RegExp, Partial<RollupOptions>?]>([
    [{}, 'InvalidOption', /say which windows/],
    [{ date: '2026-03-29', last: '3d' }, 'InvalidOption', /Give date alone/],
    [{ last: '3d', from: '2026-03-01' }, 'InvalidOption', /Give one of them/],
    [{ date: '2026-02-30' }, 'InvalidOption', /is not a day/],
    [{ from: '2026-03-10', to: '2026-03-01' }, 'InvalidOption', /Swap them/],
    [{ last: '3d', select: 'broken' as 'all' }, 'InvalidOption', /Use "missing" or/],
    [{ last: '3d', order: 'random' as 'newest' }, 'InvalidOption', /Use "newest" or "oldest"/],
    [{ last: '3d', concurrency: 0 }, 'InvalidOption', /concurrency/],
    [{ last: '3d', parallel: 2 } as BackfillOptions, 'InvalidOption', /not an option/],
    [{ last: 'long' as '3d' }, 'InvalidDuration', /last/],
    [{ from: 'yesterday' }, 'InvalidInstant', /from/],
    [{ from: '2025-12-01' }, 'BackfillOutOfRange', /Begin at 2025-12-31T23:00/],
    [{ from: '2026-01-15' }, 'BackfillOutOfRange', /Begin at 2026-03-02T23:00/, { retain: '30d' }],
    [{ date: '2026-05-01' }, 'BackfillOutOfRange', /lies in the future/],
    [{ from: '2026-03-01', to: '2026-05-01' }, 'BackfillOutOfRange', /Leave "to" out/],
    [{ date: '2026-04-01' }, 'BackfillOutOfRange', /not due yet/],
  ])('%j is refused: %s', (options, code, message, over) => {
    expect(() => range(options, over)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('of more windows than one backfill takes is refused', () => {
    expect(() => planBackfill(target({ grain: '10s' }), { from: '2026-01-01' }, NOW)).toThrow(
      expect.objectContaining({ code: 'BackfillOutOfRange' }),
    )
  })
})

describe('the plan', () => {
  it('says what a dry run shows, and becomes the request', () => {
    const plan = planBackfill(target({ timeZone: 'Europe/Berlin' }), { from: '2026-03-20', to: '2026-04-01', concurrency: 3 }, NOW)
    expect(plan).toMatchObject({ rollup: 'daily', windows: 12, select: 'all', order: 'newest', concurrency: 3 })
    let ids = 0
    const request = backfillRequestOf(plan, { id: 'b', generation: 4, nextId: () => `id-${++ids}` })
    expect(request).toMatchObject({ id: 'b', generation: 4, from: plan.from, to: plan.to, windows: 12 })
    expect(request.enqueue.map(({ job, key, gates, priority }) => [job, key, gates, priority])).toEqual(
      [0, 1, 2].map((lane) => ['daily#backfill', `b/${lane}`, [`key:daily#backfill/b/${lane}`], -10]),
    )
    expect(readBackfillPayload(JSON.parse(request.enqueue[1]?.payload ?? ''))).toEqual({ backfill: 'b', lane: 1 })
    expect(readBackfillPayload({ backfill: 3 })).toBeNull()
  })
})

const record = (over: Partial<BackfillRecord> = {}): BackfillRecord => ({
  id: 'b',
  rollup: 'hourly',
  from: hour(0),
  to: hour(1_200),
  select: 'all',
  order: 'newest',
  concurrency: 1,
  state: 'running',
  reason: null,
  cursor: over.order === 'oldest' ? hour(0) : hour(1_200),
  exhausted: false,
  windows: 1_200,
  stamped: 0,
  done: 0,
  failed: 0,
  createdAt: NOW,
  finishedAt: null,
  ...over,
})

describe('stamping', () => {
  const { policy } = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01', retain: '60d', refresh: () => undefined })
  const facts = { rollup: policy, watermark: hour(0), records: [] as readonly WindowRecord[], now: hour(1_201) }
  const exceptional = (at: number, over: Partial<WindowRecord>): WindowRecord => ({
    rollup: 'hourly',
    start: hour(at),
    end: hour(at + 1),
    seq: 0,
    dirtySince: null,
    removed: false,
    complete: false,
    refreshedAt: null,
    attempts: 0,
    error: null,
    retryAt: null,
    suspect: null,
    backfill: null,
    runId: null,
    fence: 0,
    ...over,
  })

  it.each(['newest', 'oldest'] as const)('covers the range once, %s first, in bounded stretches', (order) => {
    let backfill = record({ order })
    const seen: number[] = []
    const cursors: number[] = []
    for (let step = 0; step < 10; step++) {
      const stretch = nextStretch(backfill, policy)
      const stamp = planStamp(backfill, stretch, facts)
      if (stamp === null) break
      expect(stamp).toMatchObject({ id: 'b', expected: backfill.cursor })
      expect(stretch.length).toBeLessThanOrEqual(500)
      seen.push(...stamp.windows.map(({ start }) => start))
      cursors.push(stamp.cursor)
      backfill = { ...backfill, cursor: stamp.cursor, exhausted: stamp.cursor === (order === 'newest' ? backfill.from : backfill.to) }
    }
    expect(backfill.exhausted).toBe(true)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_200 }, (_, index) => hour(index)))
    expect(cursors).toEqual(order === 'newest' ? [hour(700), hour(200), hour(0)] : [hour(500), hour(1_000), hour(1_200)])
  })

  it('selects by what is known of the windows', () => {
    const error = { name: 'Error', message: 'no' }
    const records = [
      exceptional(1_195, { error, retryAt: null, dirtySince: 1 }),
      exceptional(1_196, { error, retryAt: hour(1_300), dirtySince: 1 }),
      exceptional(1_197, { dirtySince: 1, complete: true }),
      exceptional(1_198, { complete: true }),
    ]
    const selected = (select: BackfillRecord['select']): readonly number[] => {
      const backfill = record({ select, from: hour(1_194), to: hour(1_200) })
      const stamp = planStamp(backfill, nextStretch(backfill, policy), { ...facts, watermark: hour(1_195), records })
      return (stamp?.windows ?? []).map(({ start }) => (start - hour(0)) / 3_600_000)
    }
    expect(selected('all')).toEqual([1_194, 1_195, 1_196, 1_197, 1_198, 1_199])
    expect(selected('failed')).toEqual([1_195])
    expect(selected('dirty')).toEqual([1_195, 1_196, 1_197])
    expect(selected('missing')).toEqual([1_195, 1_196, 1_199])
  })

  it('leaves what has aged past what is kept', () => {
    const backfill = record({ from: hour(0), to: hour(10), cursor: hour(10) })
    const stamp = planStamp(backfill, nextStretch(backfill, policy), { ...facts, now: hour(5) + 60 * DAY_MS })
    expect(stamp).toMatchObject({ cursor: hour(0) })
    expect(stamp?.windows.map(({ start }) => start)).toEqual([5, 6, 7, 8, 9].map(hour))
  })
})

describe('progress', () => {
  it.each<[Partial<BackfillRecord>, object]>([
    [{}, { done: 0, total: 1_200, share: 0, perSecond: null, remainingMs: null, isEstimated: true }],
    [
      { stamped: 600, done: 290, failed: 10, cursor: hour(600) },
      { total: 1_200, share: 0.25, perSecond: 30, remainingMs: 30_000 },
    ],
    // Half of the range had ten selected windows: so will the other half.
    [
      { select: 'failed', stamped: 10, done: 10, cursor: hour(600) },
      { total: 20, share: 0.5, isEstimated: true },
    ],
    [
      { exhausted: true, stamped: 40, done: 39, failed: 1, state: 'finished', finishedAt: NOW + 4_000 },
      { total: 40, share: 1, perSecond: 10, remainingMs: 0 },
    ],
    [
      { exhausted: true, stamped: 0, state: 'finished', finishedAt: NOW },
      { total: 0, share: 1, remainingMs: 0 },
    ],
    [
      { stamped: 600, done: 300, cursor: hour(600), state: 'paused' },
      { share: 0.25, remainingMs: null },
    ],
  ])('%j', (over, expected) => {
    expect(progressOf(record(over), NOW + 10_000)).toMatchObject(expected)
  })
})
