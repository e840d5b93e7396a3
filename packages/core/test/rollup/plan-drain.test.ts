/** From marks to windows: exactly those that a mark touches, for every rollup of the source, in bounded steps. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIds } from '../../src/random/ids.ts'
import { seededRandom } from '../../src/random/random.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { planDrain } from '../../src/rollup/plan-drain.ts'
import type { Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { definitionOf } from '../../src/rollup/stored-rollup.ts'
import type { MarkRecord, RollupRecord } from '../../src/store/window-records.ts'
import type { MarkedSource } from '../../src/store/windows.ts'
import { DAY_MS, HOUR_MS, hour, texts } from './workshop.ts'

const FULL = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'
const ALL_OF_TIME = { from: -8.64e15, to: 8.64e15 }
const nextId = createIds(() => 0, seededRandom(1))

const rollup = (name: string, grain: RollupOptions['grain'], over: Partial<RollupOptions> = {}): Rollup =>
  defineRollup({ name, grain, start: '2026-01-01', source: 'events', refresh: () => undefined, ...over })

function recordOf(defined: Rollup, over: Partial<RollupRecord> = {}): RollupRecord {
  const { expectedGeneration: _, ...definition } = definitionOf(defined, 0)
  return { ...definition, generation: 1, watermark: definition.startAt, sealed: null, pace: null, ...over }
}

const markOf = (from: number, to: number, over: Partial<MarkRecord> = {}): MarkRecord => ({
  id: 1,
  from,
  to,
  kind: 'added',
  markedAt: hour(0),
  ...over,
})

const sourceOf = (rollups: readonly RollupRecord[], marks: readonly MarkRecord[], over: Partial<MarkedSource> = {}): MarkedSource => ({
  source: 'events',
  token: 't',
  rollups,
  marks,
  more: false,
  ...over,
})

/** Drains until nothing is left, at one instant after the other. Which windows were dirtied, by rollup, and how often at most. */
function drainAll(
  source: MarkedSource,
  nows: readonly number[],
  most?: number,
): { readonly dirty: ReadonlyMap<string, ReadonlySet<number>>; readonly steps: number; readonly sealed: ReadonlyMap<string, number> } {
  const dirty = new Map<string, Set<number>>()
  const sealed = new Map<string, number>()
  let marks = source.marks.map((mark) => ({ ...mark, hiddenUntil: Number.NEGATIVE_INFINITY }))
  let steps = 0
  for (const now of nows) {
    for (let more = true; more; ) {
      if (++steps > 5_000) expect.fail('it does not come to an end')
      const visible = marks.filter(({ hiddenUntil }) => hiddenUntil <= now)
      const { drain } = planDrain({ ...source, marks: visible }, { now, nextId, most })
      if (drain === null) break
      const gone = new Set(drain.groups.flatMap((group) => group.marks))
      for (const { windows } of drain.groups) {
        for (const { rollup: name, start, end } of windows) {
          if (end <= start || start > now) expect.fail(`window ${start} … ${end} at ${now}`)
          const starts = dirty.get(name) ?? new Set()
          dirty.set(name, starts.add(start))
        }
      }
      for (const one of drain.sealed) sealed.set(one.rollup, (sealed.get(one.rollup) ?? 0) + one.marks.length)
      const parked = new Map(drain.parked.map(({ id, until }) => [id, until]))
      const narrowed = new Map(drain.narrowed.map((one) => [one.id, one]))
      for (const [id, { from, to }] of narrowed) {
        const before = marks.find((mark) => mark.id === id)
        expect(gone.has(id)).toBe(false)
        expect(from).toBeGreaterThan(before?.from ?? Number.POSITIVE_INFINITY)
        expect(to).toBe(before?.to)
      }
      marks = marks
        .filter(({ id }) => !gone.has(id))
        .map((mark) => ({ ...mark, ...narrowed.get(mark.id), hiddenUntil: parked.get(mark.id) ?? mark.hiddenUntil }))
      more = marks.some(({ hiddenUntil }) => hiddenUntil <= now)
    }
  }
  return { dirty, steps, sealed }
}

describe('which windows', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago', 'Pacific/Apia']
  const grains = ['5m', '15m', 'hour', '6h', 'day', 'week', 'month', '7h'] as const
  const now = Date.UTC(2026, 9, 20, 12, 34)
  const rollups = fc.array(fc.tuple(fc.constantFrom(...grains), fc.constantFrom(...zones)), { minLength: 1, maxLength: 4 })
  const ranges = fc.tuple(
    fc.integer({ min: now - 20 * DAY_MS, max: now + 2 * DAY_MS }),
    fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3 * DAY_MS })),
  )
  const kinds = fc.constantFrom('added' as const, 'changed' as const, 'removed' as const)

  it('a mark dirties the windows that it touches and no others, by the time that all of it has passed', () => {
    fc.assert(
      fc.property(
        rollups,
        fc.array(fc.tuple(ranges, kinds), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 8, max: 400 }),
        (sides, given, most) => {
          const records = sides.map(([grain, timeZone], index) => recordOf(rollup(`r${index}`, grain, { timeZone })))
          const marks = given.map(([[from, length], kind], index) => markOf(from, from + length, { id: index + 1, kind }))
          const later = now + 10 * DAY_MS
          const { dirty } = drainAll(sourceOf(records, marks), [now, now + DAY_MS, now + 2 * DAY_MS, now + 4 * DAY_MS, later], most)
          for (const [index, [grain, timeZone]] of sides.entries()) {
            const { windows } = rollup('x', grain, { timeZone }).policy
            const touched = new Set(
              marks.flatMap(({ from, to, kind }) => {
                // What is taken away from windows that have not begun leaves nothing to take back.
                const until = kind === 'removed' ? Math.min(to, windows.windowOf(now).end) : to
                return Array.from(windows.between(from, until), ({ start }) => start)
              }),
            )
            expect([...(dirty.get(`r${index}`) ?? [])].sort()).toEqual([...touched].sort())
          }
        },
      ),
      { numRuns: FULL ? 1_000 : 40 },
    )
  })

  it('marks of the same windows share a group, and a run stands for all of them', () => {
    const records = [recordOf(rollup('daily', 'day')), recordOf(rollup('hourly', 'hour'))]
    const marks = [0, 1, 2].map((minute) =>
      markOf(hour(5) + minute * 60_000, hour(5) + minute * 60_000 + 1, { id: minute, markedAt: hour(6) - minute }),
    )
    const { drain, digested, more } = planDrain(sourceOf(records, [...marks, markOf(hour(7), hour(8), { id: 9, kind: 'removed' })]), {
      now: hour(30),
      nextId,
    })
    expect(
      drain?.groups.map((group) => [group.marks, group.markedAt - hour(6), group.removed, group.windows.map((one) => one.rollup)]),
    ).toEqual([
      [[0, 1, 2], -2, false, ['hourly', 'daily']],
      [[9], hour(0) - hour(6), true, ['hourly', 'daily']],
    ])
    expect(drain?.enqueue.map(({ job, triggers, debounce }) => [job, triggers, debounce?.waitMs, debounce?.maxWaitMs])).toEqual([
      ['hourly', 4, 5_000, 30_000],
      ['daily', 4, 5_000, 30_000],
    ])
    expect([digested, more]).toEqual([4, false])
  })
})

it.each([
  ['added', false],
  ['changed', true],
  ['removed', true],
] as const)('rows may have left where they were %s: %s', (kind, removed) => {
  const { drain } = planDrain(sourceOf([recordOf(rollup('hourly', 'hour'))], [markOf(hour(1), hour(2), { kind })]), {
    now: hour(9),
    nextId,
  })
  expect(drain?.groups[0]?.removed).toBe(removed)
})

describe('what is not refreshed', () => {
  it('a mark of the future is parked until it is not; of a range only what has begun is dirtied', () => {
    const records = [recordOf(rollup('hourly', 'hour'))]
    const now = hour(10) + 60_000
    const ahead = planDrain(sourceOf(records, [markOf(hour(12), hour(12) + 1)]), { now, nextId })
    expect(ahead.drain).toMatchObject({ parked: [{ id: 1, until: hour(12) }], groups: [], narrowed: [], enqueue: [] })
    const across = planDrain(sourceOf(records, [markOf(hour(9), hour(12))]), { now, nextId })
    expect(across.drain).toMatchObject({ parked: [], narrowed: [{ id: 1, from: hour(11), to: hour(12) }] })
    expect(across.drain?.groups[0]).toMatchObject({ marks: [], windows: [{ start: hour(9) }, { start: hour(10) }] })
    expect(across.more).toBe(true)
  })

  it('a run is not asked for where nothing is due yet', () => {
    const now = hour(10) + 60_000
    const plan = (live: boolean) =>
      planDrain(sourceOf([recordOf(rollup('hourly', 'hour', { live }))], [markOf(hour(10), hour(10) + 1)]), { now, nextId })
    expect(plan(false).drain?.groups).toHaveLength(1)
    expect(plan(false).drain?.enqueue).toEqual([])
    expect(plan(true).drain?.enqueue).toHaveLength(1)
  })

  it('what is before the start is ignored; what is sealed is counted once, however the mark is cut', () => {
    const defined = rollup('hourly', 'hour', { start: '2026-02-01', allowedLateness: '1d' })
    const record = recordOf(defined, { watermark: hour(0) })
    const { dirty, sealed, steps } = drainAll(
      sourceOf([record], [markOf(Date.UTC(2025, 0, 1), hour(3), { kind: 'changed' })]),
      [hour(2)],
      5,
    )
    expect(sealed).toEqual(new Map([['hourly', 1]]))
    expect(texts(dirty.get('hourly') ?? [])[0]).toBe('2026-02-28T02:00')
    expect(dirty.get('hourly')?.size).toBe(25)
    expect(steps).toBeGreaterThan(4)
    const old = planDrain(sourceOf([record], [markOf(0, 1)]), { now: hour(2), nextId })
    expect(old.drain).toMatchObject({ sealed: [], groups: [{ marks: [1], windows: [] }] })
  })

  it('what was never refreshed is not sealed by its lateness', () => {
    const record = recordOf(rollup('hourly', 'hour', { start: '2026-02-01', allowedLateness: '1d' }))
    const { dirty, sealed } = drainAll(sourceOf([record], [markOf(Date.UTC(2026, 1, 3), Date.UTC(2026, 1, 3) + 1)]), [hour(2)])
    expect(dirty.get('hourly')?.size).toBe(1)
    expect(sealed.size).toBe(0)
  })

  it('a child decides how late is too late; only what the source no longer holds stays away from its parents', () => {
    const record = recordOf(rollup('daily', 'day', { allowedLateness: '1d', retain: '20d' }), { watermark: hour(0) })
    const plan = (at: number) =>
      planDrain(sourceOf([record], [markOf(at, at + 1)], { source: 'rollup:hourly' }), { now: hour(2), nextId }).drain
    expect(plan(hour(-24 * 10))).toMatchObject({ sealed: [], groups: [{ windows: [{ rollup: 'daily' }] }] })
    expect(plan(hour(-24 * 25))).toMatchObject({ sealed: [{ rollup: 'daily', marks: [1] }], groups: [{ windows: [] }] })
  })

  it('a truncation dirties every window up to now, in bounded steps, and is then gone', () => {
    const records = [recordOf(rollup('daily', 'day')), recordOf(rollup('quarters', '15m', { allowedLateness: '90d' }))]
    const { dirty, steps } = drainAll(sourceOf(records, [{ ...markOf(0, 0), ...ALL_OF_TIME, kind: 'removed' }]), [hour(0.5)], 1_000)
    expect(dirty.get('quarters')?.size).toBe(59 * 96 + 3)
    expect(dirty.get('daily')?.size).toBe(60)
    expect(steps).toBeLessThan(30)
  })

  it('a definition that cannot be read keeps the marks of its source where they are', () => {
    const good = recordOf(rollup('hourly', 'hour'))
    const plan = planDrain(sourceOf([good, { ...good, rollup: 'newer', policy: '[["startAt",0]]' }], [markOf(hour(0), hour(1))]), {
      now: hour(3),
      nextId,
    })
    expect(plan).toMatchObject({ drain: null, digested: 0, more: false, unreadable: [{ source: 'events', rollup: 'newer' }] })
    expect(plan.unreadable[0]?.reason).toMatch(/newer version/)
  })
})

describe('pacing', () => {
  it('marks are gathered longer where refreshing is dear', () => {
    const pace = JSON.stringify({ batch: 5, windowMs: 900, runMs: 45_000, failing: 0, at: hour(3) - HOUR_MS / 60 })
    const plan = planDrain(sourceOf([recordOf(rollup('hourly', 'hour'), { pace })], [markOf(hour(0), hour(1))]), { now: hour(3), nextId })
    expect(plan.drain?.enqueue[0]?.debounce).toMatchObject({ waitMs: 45_000, maxWaitMs: 45_000 })
  })

  it('thousands of marks are planned within milliseconds', () => {
    const records = ['5m', 'hour', 'day'].map((grain) => recordOf(rollup(`by-${grain}`, grain as '5m', { timeZone: 'Europe/Berlin' })))
    const marks = Array.from({ length: 2_000 }, (_, id) => markOf(hour(0) + ((id * 7919) % (30 * 24 * 60)) * 60_000, 0, { id })).map(
      (mark) => ({ ...mark, to: mark.from + 1 }),
    )
    const began = performance.now()
    const plan = planDrain(sourceOf(records, marks), { now: hour(30 * 24), nextId, most: 50_000 })
    expect(plan.digested).toBe(2_000)
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})
