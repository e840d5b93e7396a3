/** How fresh a rollup is said to be. */
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { judgeFreshness } from '../../src/rollup/freshness.ts'
import { backfillRequestOf, planBackfill } from '../../src/rollup/plan-backfill.ts'
import type { RollupOptions } from '../../src/rollup/rollup.ts'
import type { WindowRecord } from '../../src/store/window-records.ts'
import type { RollupState } from '../../src/store/windows.ts'
import { createWorkshop, HOUR_MS, hour, MINUTE_MS } from './workshop.ts'

const policyOf = (over: Partial<RollupOptions> = {}) =>
  defineRollup({
    name: 'hourly',
    grain: 'hour',
    start: '2026-03-01',
    grace: '5m',
    freshness: { targetLag: '10m', warnAfter: '2h', errorAfter: '4h' },
    refresh: () => undefined,
    ...over,
  }).policy

const NOW = hour(100) + 20 * MINUTE_MS

function stateOf(
  watermark: number,
  { counts, ...over }: Partial<Omit<RollupState, 'counts'>> & { readonly counts?: Partial<RollupState['counts']> } = {},
): RollupState {
  const record = {
    rollup: 'hourly',
    generation: 1,
    hash: 'h',
    sources: [],
    edges: '',
    policy: '',
    startAt: hour(0),
    watermark,
    sealed: null,
    pace: null,
  }
  return {
    record,
    dirty: [],
    ahead: [],
    more: false,
    oldestMarkAt: null,
    hasMarks: false,
    nextRetryAt: null,
    ...over,
    counts: { dirty: 0, held: 0, failed: 0, suspect: 0, ...counts },
  }
}

const dirtyAt = (hours: number, dirtySince: number): WindowRecord => ({
  rollup: 'hourly',
  start: hour(hours),
  end: hour(hours + 1),
  seq: 1,
  dirtySince,
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
})

describe('judgeFreshness', () => {
  it.each<[string, RollupState, object]>([
    ['up to date', stateOf(hour(100)), { status: 'ok', why: [], lagMs: 0, dirtyMs: 0, isOnTarget: true, dueThrough: hour(100) }],
    ['an hour has just fallen due', stateOf(hour(99)), { status: 'ok', why: [], lagMs: 15 * MINUTE_MS, isOnTarget: false }],
    [
      'some are missing',
      stateOf(hour(97)),
      { status: 'late', lagMs: 2 * HOUR_MS + 15 * MINUTE_MS, why: [expect.stringMatching(/missing.*2.3 h.*late after 2 h/)] },
    ],
    ['many are missing', stateOf(hour(50)), { status: 'stale', why: [expect.stringMatching(/stale after 4 h/)] }],
    [
      'a change waits',
      stateOf(hour(100), { oldestMarkAt: NOW - 3 * HOUR_MS }),
      { status: 'late', dirtyMs: 3 * HOUR_MS, why: [expect.stringMatching(/marked 3 h ago/)] },
    ],
    [
      'a change waits too long',
      stateOf(hour(100), { oldestMarkAt: NOW - 5 * HOUR_MS, counts: { suspect: 1 } }),
      { status: 'stale', why: [expect.stringMatching(/5 h/), expect.stringMatching(/^1 window looked wrong/)] },
    ],
    [
      'windows fail',
      stateOf(hour(100), { counts: { failed: 2, dirty: 2 } }),
      { status: 'late', failed: 2, dirty: 2, why: ['2 windows could not be refreshed the last time'] },
    ],
  ])('%s', (_, state, expected) => {
    expect(judgeFreshness(policyOf(), state, { now: NOW })).toMatchObject(expected)
  })

  it('a change of what is not due yet waits for nobody, unless the rollup is live', () => {
    const early = dirtyAt(100, NOW - 19 * MINUTE_MS)
    const state = stateOf(hour(100), { dirty: [early], ahead: [early], oldestMarkAt: NOW - 19 * MINUTE_MS })
    expect(judgeFreshness(policyOf(), state, { now: NOW }).dirtyMs).toBe(0)
    expect(judgeFreshness(policyOf({ live: true }), state, { now: NOW }).dirtyMs).toBe(19 * MINUTE_MS)
    const older = { ...state, dirty: [early, dirtyAt(3, NOW - MINUTE_MS)] }
    expect(judgeFreshness(policyOf(), older, { now: NOW }).dirtyMs).toBe(MINUTE_MS)
    expect(judgeFreshness(policyOf(), { ...state, oldestMarkAt: NOW - HOUR_MS }, { now: NOW }).dirtyMs).toBe(HOUR_MS)
  })

  it('what is not kept is not missed', () => {
    expect(judgeFreshness(policyOf({ retain: '1d' }), stateOf(hour(3)), { now: NOW, since: NOW - MINUTE_MS }).lagMs).toBe(MINUTE_MS)
    expect(judgeFreshness(policyOf({ retain: '1d' }), stateOf(hour(3)), { now: NOW }).lagMs).toBe(22 * HOUR_MS + 15 * MINUTE_MS)
  })

  it('shows the pace and what was sealed', () => {
    const pace = JSON.stringify({ batch: 7, windowMs: 140, runMs: 60_000, failing: 0, at: NOW })
    const state = stateOf(hour(100))
    const shown = judgeFreshness(
      policyOf(),
      { ...state, record: { ...state.record, pace, sealed: { marks: 3, from: 0, to: 1, lastAt: 2 } } },
      { now: NOW },
    )
    expect(shown).toMatchObject({ sealed: 3, pace: { waitMs: 60_000, maxWaitMs: 60_000, windowMs: 140, batch: 7 } })
  })

  it('an old backfill does not turn it green', async () => {
    const shop = await createWorkshop(hour(10) + 10 * MINUTE_MS)
    const rollup = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01', grace: '5m', refresh: () => undefined })
    const generation = await shop.define(rollup)
    await shop.run(rollup)
    await shop.clock.advanceTo(hour(40))
    const plan = planBackfill(rollup.policy, { from: '2026-03-01', to: '2026-03-02' }, shop.clock.now())
    await shop.windows.backfills.create({ backfills: [backfillRequestOf(plan, { id: 'b', generation, nextId: shop.deps.nextId })] })
    expect((await shop.runBackfill(rollup, 'b')).summary.refreshed).toBe(24)
    const judged = judgeFreshness(rollup.policy, await shop.state(rollup), { now: shop.clock.now() })
    expect(judged).toMatchObject({ status: 'stale', watermark: hour(24) })
    await shop.run(rollup)
    expect(judgeFreshness(rollup.policy, await shop.state(rollup), { now: shop.clock.now() })).toMatchObject({ status: 'ok', lagMs: 0 })
  })
})
