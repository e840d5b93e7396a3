/** What a run does next: in which order, never twice, never too early, and to an end. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { dueAtOf, dueEdge, floorEdge, newestDue, nextDueAt, sealEdge, windowsInSight } from '../../src/rollup/due.ts'
import { planRefresh, type RefreshFacts, type RefreshPlan } from '../../src/rollup/plan-refresh.ts'
import type { RollupOptions } from '../../src/rollup/rollup.ts'
import type { WindowRecord } from '../../src/store/window-records.ts'
import type { RollupState } from '../../src/store/windows.ts'
import { DAY_MS, HOUR_MS, hour, MINUTE_MS, texts } from './workshop.ts'

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'

const policyOf = (over: Partial<RollupOptions> = {}) =>
  defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01', grace: '5m', refresh: () => undefined, ...over }).policy

const recordAt = (start: number, end: number, over: Partial<WindowRecord> = {}): WindowRecord => ({
  rollup: 'hourly',
  start,
  end,
  seq: 1,
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
const at = (hours: number, over: Partial<WindowRecord> = {}): WindowRecord => recordAt(hour(hours), hour(hours + 1), over)
const FAILED = { error: { name: 'Error', message: 'no' }, dirtySince: 1 }

function stateOf(watermark: number, over: Partial<RollupState> = {}): RollupState {
  return {
    record: {
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
    },
    dirty: [],
    ahead: [],
    more: false,
    counts: { dirty: 0, held: 0, failed: 0, suspect: 0 },
    oldestMarkAt: null,
    hasMarks: false,
    nextRetryAt: null,
    ...over,
  }
}

function plan(facts: Partial<RefreshFacts> & { readonly state: RollupState }): RefreshPlan {
  const defaults = { now: hour(10) + 10 * MINUTE_MS, runId: 'me', children: [], isSweep: false, looksBack: false, taken: new Set<number>() }
  return planRefresh({ rollup: policyOf(), drainedAt: null, page: null, most: 100, ...defaults, ...facts })
}

const starts = ({ bids }: RefreshPlan): readonly number[] => bids.map(({ start }) => (start - hour(0)) / HOUR_MS)

describe('due', () => {
  const policy = policyOf({ retain: '1d', allowedLateness: '6h' })

  it.each([
    ['a moment before the grace is over', hour(3) + 5 * MINUTE_MS - 1, '02:00', '03:05'],
    ['when it is over', hour(3) + 5 * MINUTE_MS, '03:00', '04:05'],
  ])('%s', (_, now, edge, next) => {
    expect(texts([dueEdge(policy, now), nextDueAt(policy, now)]).map((text) => text.slice(11))).toEqual([edge, next])
  })

  it('before the start, the first window falls due at its end and its grace', () => {
    expect(nextDueAt(policy, hour(-100))).toBe(hour(1) + 5 * MINUTE_MS)
    expect(windowsInSight(policy, hour(-100))).toEqual([])
    expect(newestDue(policy, 5, hour(-100))).toEqual([])
  })

  it('what is sealed, and what is kept', () => {
    expect(sealEdge(policy, hour(48), hour(48) + 1)).toBe(hour(42))
    expect(sealEdge(policy, hour(30), hour(48) + 1)).toBe(hour(30))
    expect(sealEdge(policy, hour(0), hour(48) + 1)).toBe(hour(25))
    expect([floorEdge(policy, hour(48)), floorEdge(policy, hour(48) + 1), floorEdge(policy, hour(3))]).toEqual([
      hour(24),
      hour(25),
      hour(0),
    ])
  })

  it('a day in a zone is due by the clocks there', () => {
    const berlin = policyOf({ grain: 'day', timeZone: 'Europe/Berlin', grace: '1h' })
    expect(texts([nextDueAt(berlin, Date.UTC(2026, 2, 29, 12))])).toEqual(['2026-03-29T23:00'])
  })
})

describe('the order', () => {
  it('the newest missing hours, then changes and the rest in turns', () => {
    const now = hour(200) + 10 * MINUTE_MS
    const dirty = [at(3, { dirtySince: 1, complete: true }), at(1, { dirtySince: 2, complete: true })]
    const planned = starts(plan({ state: stateOf(hour(20), { dirty }), now, most: 30 }))
    expect(planned.slice(0, 24)).toEqual(Array.from({ length: 24 }, (_, index) => 199 - index))
    expect(planned.slice(24)).toEqual([3, 20, 1, 21, 22, 23])
  })

  it('what is in sight of a live rollup comes first', () => {
    const rollup = policyOf({ live: true })
    const changed = at(10, { dirtySince: 5 })
    const state = stateOf(hour(9), { dirty: [changed], ahead: [changed] })
    expect(starts(plan({ rollup, state }))).toEqual([10, 9])
    expect(starts(plan({ rollup, state: stateOf(hour(9)) }))).toEqual([9])
    expect(plan({ rollup, state: stateOf(hour(9)), isSweep: true }).bids.map(({ when, dueAt }) => [when, dueAt])).toEqual([
      ['any', hour(11) + 5 * MINUTE_MS],
      ['missing', hour(10) + 5 * MINUTE_MS],
    ])
  })

  it('within its grace a window is in sight, too', () => {
    const now = hour(10) + 2 * MINUTE_MS
    expect(starts(plan({ rollup: policyOf({ live: true }), state: stateOf(hour(9)), isSweep: true, now }))).toEqual([10, 9])
    expect(starts(plan({ state: stateOf(hour(9)), isSweep: true, now }))).toEqual([])
  })

  it('a sweep looks back, as far as there is something', () => {
    const rollup = policyOf({ lookback: 3 })
    expect(starts(plan({ rollup, state: stateOf(hour(10)), isSweep: true }))).toEqual([9, 8, 7])
    expect(starts(plan({ rollup, state: stateOf(hour(10)) }))).toEqual([])
    expect(starts(plan({ rollup, state: stateOf(hour(9)) }))).toEqual([9, 8, 7])
    expect(starts(plan({ rollup, state: stateOf(hour(2)), isSweep: true, now: hour(2) + 10 * MINUTE_MS }))).toEqual([1, 0])
  })
})

describe('what is left alone', () => {
  it.each([
    ['held by another run', { runId: 'other' }, false],
    ['held by this run', { runId: 'me' }, true],
    ['put off', { ...FAILED, retryAt: hour(11) }, false],
    ['to be tried again', { ...FAILED, retryAt: hour(10) }, true],
    ['given up', FAILED, false],
    ['complete', { complete: true }, false],
  ])('a window that is %s: %j', (_, over, isBid) => {
    const planned = plan({ state: stateOf(hour(9), { ahead: [at(9, over)], nextRetryAt: null }) })
    expect(starts(planned)).toEqual(isBid ? [9] : [])
  })

  it('a sweep tries again what was given up, not what was put off', () => {
    const ahead = [at(8, FAILED), at(9, { ...FAILED, retryAt: hour(11) })]
    expect(starts(plan({ state: stateOf(hour(8), { ahead }), isSweep: true }))).toEqual([8])
  })

  it('looks again soon for what it has taken itself and what came up again without a mark', () => {
    const now = hour(10) + 10 * MINUTE_MS
    const tried = at(5, { ...FAILED, retryAt: now - 1 })
    const state = stateOf(hour(10), { dirty: [tried] })
    expect(plan({ now, state, taken: new Set([hour(5)]) })).toMatchObject({ bids: [], lookAt: now + 1_000 })
    // Never refreshed when it was due, though this run has taken it: its child has come on since.
    expect(plan({ now, state: stateOf(hour(9)), taken: new Set([hour(9)]) })).toMatchObject({ bids: [], lookAt: now + 1_000 })
    // What changed meanwhile has a debounced run of its own.
    const changed = stateOf(hour(10), { dirty: [at(5, { dirtySince: 1 })] })
    expect(plan({ now, state: changed, taken: new Set([hour(5)]) }).lookAt).toBe(hour(11) + 5 * MINUTE_MS)
  })

  it('a change that is not due, unless live', () => {
    const dirty = [at(10, { dirtySince: 3 })]
    expect(starts(plan({ state: stateOf(hour(10), { dirty, ahead: dirty }) }))).toEqual([])
    expect(plan({ state: stateOf(hour(10), { dirty, ahead: dirty }) }).lookAt).toBe(hour(11) + 5 * MINUTE_MS)
  })

  it('what this run has taken', () => {
    expect(starts(plan({ state: stateOf(hour(7)), taken: new Set([hour(8)]) }))).toEqual([9, 7])
  })
})

describe('children', () => {
  it('are waited for: nothing past the least of their watermarks is completed', () => {
    const planned = plan({ state: stateOf(hour(5)), children: [hour(8), hour(7) + 1] })
    expect(starts(planned)).toEqual([6, 5])
    expect(planned.lookAt).toBe(hour(10) + 10 * MINUTE_MS + 30_000)
    expect(starts(plan({ state: stateOf(hour(5)), children: [Number.NEGATIVE_INFINITY] }))).toEqual([])
  })

  it('a live rollup shows what there is, and completes it later', () => {
    const dirty = [at(8, { dirtySince: 3 })]
    const planned = plan({ rollup: policyOf({ live: true }), state: stateOf(hour(7), { dirty, ahead: dirty }), children: [hour(7)] })
    expect(planned.bids).toEqual([{ start: hour(8), end: hour(9), dueAt: 8.64e15, when: 'dirty' }])
  })
})

describe('windows that need no refresh', () => {
  const rollup = policyOf({ capture: 'complete' })

  it('under complete capture the watermark passes them, up to the first that was marked', () => {
    const ahead = [at(3, { complete: true }), at(6, { dirtySince: 4 }), at(8, { complete: true })]
    const planned = plan({ rollup, state: stateOf(hour(1), { ahead, dirty: [ahead[1] as WindowRecord] }) })
    expect(planned.pass).toEqual({ expected: hour(1), through: hour(6), expired: false })
    expect(starts(planned)).toEqual([6])
    expect(plan({ rollup, state: stateOf(hour(1)) }).pass?.through).toBe(hour(10))
    expect(plan({ state: stateOf(hour(1)) }).pass).toBeNull()
    expect(plan({ rollup, state: stateOf(hour(1)), children: [hour(4)] }).pass?.through).toBe(hour(4))
  })

  it('not before marks that wait are drained', () => {
    const state = stateOf(hour(1), { hasMarks: true })
    expect(plan({ rollup, state })).toMatchObject({ pass: null, needsDrain: true, bids: [] })
    expect(plan({ rollup, state, drainedAt: hour(5) + 6 * MINUTE_MS })).toMatchObject({ pass: { through: hour(5) } })
    expect(plan({ rollup, state, drainedAt: hour(10) + 9 * MINUTE_MS })).toMatchObject({ pass: { through: hour(10) }, needsDrain: false })
  })

  it('what is not kept is passed, whatever it is', () => {
    const planned = plan({ rollup: policyOf({ retain: '5h' }), state: stateOf(hour(1), { ahead: [at(2, FAILED)] }) })
    expect(planned.pass).toEqual({ expected: hour(1), through: hour(6), expired: true })
    expect(starts(planned)).toEqual([9, 8, 7, 6])
  })
})

describe('more records than one look brings', () => {
  it('are looked at page by page', () => {
    const ahead = [at(2, FAILED), at(3, { complete: true }), at(4, { complete: true })]
    const first = plan({ state: stateOf(hour(2), { ahead, more: true }) })
    expect(first).toMatchObject({ bids: [], page: hour(4) })
    const second = plan({ state: stateOf(hour(2), { ahead: [at(5, { complete: true }), at(7, { complete: true })] }), page: hour(4) })
    expect(starts(second)).toEqual([9, 8, 6])
    expect(second.page).toBeNull()
    // A gap in the page is a window that is missing.
    expect(starts(plan({ state: stateOf(hour(2), { ahead: [at(2, FAILED), at(4, { complete: true })], more: true }) }))).toEqual([3])
  })
})

describe('any state', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago']
  const records = fc.record({
    index: fc.nat(60),
    isDirty: fc.boolean(),
    complete: fc.boolean(),
    ending: fc.constantFrom('none', 'put off', 'due again', 'given up'),
    runId: fc.constantFrom(null, null, 'me', 'other'),
  })
  const facts = fc.record({
    grain: fc.constantFrom('15m', 'hour', '6h', 'day') as fc.Arbitrary<'hour'>,
    timeZone: fc.constantFrom(...zones),
    behind: fc.nat(50),
    since: fc.nat(DAY_MS),
    live: fc.boolean(),
    capture: fc.constantFrom('complete', 'partial') as fc.Arbitrary<'complete'>,
    lookback: fc.nat(5),
    isSweep: fc.boolean(),
    hasMarks: fc.boolean(),
    childBehind: fc.option(fc.nat(50)),
    most: fc.integer({ min: 1, max: 80 }),
    records: fc.uniqueArray(records, { selector: ({ index }) => index, maxLength: 40 }),
  })

  it('is planned without a window twice, too early, or out of bounds, and steps lead to its end', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { grain, timeZone, live, capture, lookback } = given
        const rollup = policyOf({ grain, timeZone, live, capture, lookback, start: '2025-01-01', grace: '2m' })
        const { windows } = rollup
        const now = Date.UTC(2026, 9, 25, 0, 30) + given.since
        const line = [...windows.between(now - 70 * rollup.windows.grain.stepMs, now + 1)].slice(-62)
        const due = dueEdge(rollup, now)
        const from = line[Math.max(0, line.length - 3 - given.behind)]?.start as number
        let watermark = Math.min(from, due)
        const children = given.childBehind === null ? [] : [line[Math.max(0, line.length - 3 - given.childBehind)]?.start as number]
        const known = new Map<number, WindowRecord>()
        for (const { index, isDirty, complete, ending, runId } of given.records) {
          const window = line[index]
          if (window === undefined) continue
          const failed =
            ending === 'none' ? {} : { ...FAILED, retryAt: ending === 'given up' ? null : ending === 'put off' ? now + 60_000 : now - 1 }
          const over = {
            dirtySince: isDirty || runId !== null ? now - 1_000 : null,
            complete: complete && window.end <= due,
            runId,
            ...failed,
          }
          known.set(window.start, recordAt(window.start, window.end, over))
        }
        const taken = new Set<number>()
        let drainedAt: number | null = null
        let page: number | null = null
        for (let steps = 0; ; steps++) {
          if (steps > 250) expect.fail('it does not come to an end')
          const sorted = [...known.values()].sort((a, b) => a.start - b.start)
          const after = page
          const ahead = sorted.filter(({ start }) => start >= watermark && (after === null || start > after))
          const dirty = sorted.filter(
            ({ dirtySince, runId, error, retryAt }) =>
              dirtySince !== null && runId !== 'other' && (error === null || (retryAt !== null && retryAt <= now)),
          )
          const state = stateOf(watermark, { dirty, ahead: ahead.slice(0, 9), more: ahead.length > 9, hasMarks: given.hasMarks })
          const planned = planRefresh({
            rollup,
            state,
            now,
            runId: 'me',
            children,
            isSweep: given.isSweep,
            looksBack: false,
            taken,
            drainedAt,
            page,
            most: given.most,
          })
          expect(planned.lookAt).toBeGreaterThan(now)
          expect(planned.bids.length).toBeLessThanOrEqual(given.most)
          expect(new Set(planned.bids.map(({ start }) => start)).size).toBe(planned.bids.length)
          for (const { start, end, dueAt } of planned.bids) {
            const record = known.get(start)
            const isSound =
              windows.isEdge(start) &&
              windows.windowOf(start).end === end &&
              start >= rollup.planning.startAt &&
              (live ? start <= now : end <= due) &&
              !taken.has(start) &&
              // Of what the state does not show, the store says who holds it.
              (record?.runId !== 'other' || !state.ahead.includes(record)) &&
              // What a claim would complete lies behind all children.
              (dueAt > now || children.every((child) => end <= child) || end <= watermark || record?.complete === true) &&
              (dueAt === 8.64e15 || dueAt === dueAtOf(rollup, { end }))
            if (!isSound) expect.fail(`bid of ${new Date(start).toISOString()} is not sound`)
          }
          const before = watermark
          if (planned.pass !== null) {
            expect(planned.pass.expected).toBe(watermark)
            expect(windows.isEdge(planned.pass.through)).toBe(true)
            for (const { start, complete } of sorted) {
              if (start >= watermark && start < planned.pass.through) expect(complete).toBe(true)
            }
            expect(planned.pass.through).toBeLessThanOrEqual(Math.min(due, ...children))
            watermark = planned.pass.through
          }
          if (planned.needsDrain && drainedAt === null) {
            drainedAt = now
            continue
          }
          if (planned.bids.length === 0) {
            if (planned.page === null && planned.pass === null) break
            page = planned.page
            continue
          }
          page = null
          for (const { start, end, dueAt } of planned.bids) {
            taken.add(start)
            const isDone = dueAt <= now || known.get(start)?.complete === true
            known.set(start, recordAt(start, end, { complete: isDone }))
          }
          for (let next = known.get(watermark); next?.complete === true; next = known.get(watermark)) watermark = next.end
          expect(watermark).toBeGreaterThanOrEqual(before)
        }
        // At the end nothing is left that could have been done.
        const through = Math.min(due, ...children)
        for (const window of windows.between(watermark, through)) {
          if (window.end > through || capture === 'complete') continue
          const record = known.get(window.start)
          const isStuck = record?.complete === true || record?.runId === 'other' || (record?.error ?? null) !== null
          if (!isStuck) expect.fail(`window ${new Date(window.start).toISOString()} was left`)
        }
        for (const { start, end, dirtySince, runId, error } of known.values()) {
          const isRipe = dirtySince !== null && error === null && runId !== 'other' && end <= through
          if (isRipe && !taken.has(start)) expect.fail(`change of ${new Date(start).toISOString()} was left`)
        }
      }),
      { numRuns: FULL ? 5_000 : 400 },
    )
  })
})
