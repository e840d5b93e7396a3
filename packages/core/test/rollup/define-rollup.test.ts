/** Options of rollups: what is resolved, what is refused, and that what is stored reads back the same. */
import { describe, expect, it } from 'vitest'
import { every } from '../../src/schedule/every.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { RollupOptions } from '../../src/rollup/rollup.ts'
import { definitionOf, readRollup } from '../../src/rollup/stored-rollup.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const options = (over: Partial<RollupOptions> = {}): RollupOptions => ({
  name: 'orders-hourly',
  grain: 'hour',
  start: '2025-01-01',
  refresh: () => undefined,
  ...over,
})

describe('defineRollup', () => {
  it('fills in every default', () => {
    const { policy } = defineRollup(options())
    expect(policy.planning).toEqual({
      startAt: Date.UTC(2025, 0, 1),
      graceMs: 5 * MINUTE_MS,
      isLive: false,
      isComplete: false,
      lookback: 0,
      latenessMs: 30 * DAY_MS,
      retainMs: null,
      waitMs: 5_000,
      maxWaitMs: 30_000,
      paceShare: 0.5,
      paceMostMs: 5 * MINUTE_MS,
    })
    expect(policy.batch).toEqual({ start: 24, most: 500, targetMs: 1_000 })
    expect(policy.freshness).toEqual({ targetLagMs: 5 * MINUTE_MS, warnAfterMs: HOUR_MS, errorAfterMs: 2 * HOUR_MS })
    expect(policy.sources).toEqual(['orders-hourly'])
    expect(policy.retry.retries).toBe(3)
    expect(policy.concurrency).toBe(1)
  })

  it('is frozen', () => {
    const rollup = defineRollup(options({ schedule: every('1h') }))
    for (const part of [
      rollup,
      rollup.policy,
      rollup.policy.planning,
      rollup.policy.batch,
      rollup.policy.sources,
      rollup.policy.schedules,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('begins with the window that holds start; a bare day is the day of the zone', () => {
    const start = (over: Partial<RollupOptions>): string => new Date(defineRollup(options(over)).policy.planning.startAt).toISOString()
    expect(start({ timeZone: 'Europe/Berlin' })).toBe('2024-12-31T23:00:00.000Z')
    expect(start({ start: '2025-01-01T10:20:00Z' })).toBe('2025-01-01T10:00:00.000Z')
    expect(start({ grain: 'week' })).toBe('2024-12-30T00:00:00.000Z')
    expect(start({ grain: 'month', start: new Date('2025-03-09T00:00:00Z') })).toBe('2025-03-01T00:00:00.000Z')
  })

  it('grace is a twelfth of the window, at most five minutes', () => {
    const grace = (grain: RollupOptions['grain']): number => defineRollup(options({ grain })).policy.planning.graceMs
    expect([grace('1s'), grace('15m'), grace('hour'), grace('month')]).toEqual([83, 75_000, 300_000, 300_000])
  })

  it('reads its own name, what it was given, and its children', () => {
    const hourly = defineRollup(options({ source: 'orders' }))
    const daily = defineRollup(options({ name: 'orders-daily', grain: 'day', after: [hourly], source: ['orders', 'refunds'] }))
    expect(hourly.policy.sources).toEqual(['orders', 'orders-hourly'])
    expect(daily.policy.sources).toEqual(['orders', 'orders-daily', 'refunds', 'rollup:orders-hourly'])
    expect(daily.policy.after).toEqual(['orders-hourly'])
  })

  it('names each problem, with its value and the remedy', () => {
    const wrong = {
      name: 'x',
      grain: 'daily',
      timeZone: '+02:00',
      start: 'yesterday',
      grace: 'soon',
      lookback: -1,
      debounce: { wait: '1m', maxWait: '1s' },
      after: [{ name: 'y' }],
      batch: { start: 10, most: 5 },
      freshness: { targetLag: '1h', warnAfter: '1m' },
      pacing: { share: 2 },
      batchSize: 3,
      staleAfter: '1h',
    }
    let message = ''
    try {
      defineRollup(wrong as unknown as RollupOptions)
    } catch (error) {
      message = (error as Error).message
      expect(error).toMatchObject({ code: 'InvalidOption' })
    }
    for (const line of [
      'rollup "x" has invalid options:',
      'grain: "daily" is not a grain. Write "day".',
      'timeZone: "+02:00" is not a time zone that this Node knows.',
      'start: "yesterday" is not an instant.',
      'grace: "soon" is not a duration.',
      'lookback: must be 0 or more; this is -1.',
      'debounce: wait is longer than maxWait. Swap them.',
      'after[0]: must be a rollup, made with defineRollup(); this is { name }.',
      'batch: start is more than most. Swap them.',
      'freshness: targetLag is longer than warnAfter. Swap them.',
      'pacing.share: must be above 0 and at most 1; this is 2.',
      'refresh: must be a function',
      '"batchSize" is not an option: write batch: { start, most }.',
      '"staleAfter" is not an option: write freshness: { errorAfter }.',
    ]) {
      expect(message).toContain(line)
    }
  })

  it.each([
    [null, 'InvalidOption', /Write defineRollup/],
    [{ ...options(), name: '' }, 'InvalidName', /rollup name "" is not valid/],
    [options({ retain: '30m' }), 'InvalidOption', /retain: "30m" is shorter than a window of hour.*at least 2h/],
  ])('refuses %j', (given, code, message) => {
    expect(() => defineRollup(given as RollupOptions)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('refuses what does not nest, or starts before its child', () => {
    const hourly = defineRollup(options())
    const parent = (over: Partial<RollupOptions>) => (): unknown =>
      defineRollup(options({ name: 'parent', grain: 'day', after: [hourly], ...over }))
    expect(parent({ timeZone: 'Asia/Kolkata' })).toThrow(expect.objectContaining({ code: 'RollupNotNested' }))
    expect(parent({ start: '2024-12-01' })).toThrow(/start: 2024-12-01T00:00:00.000Z lies before the start of "orders-hourly"/)
    expect(parent({ grain: 'week' })).not.toThrow()
  })
})

describe('the stored definition', () => {
  it('reads back as it was, and equal code gives an equal hash', () => {
    const make = (): ReturnType<typeof defineRollup> =>
      defineRollup(options({ timeZone: 'Australia/Lord_Howe', retain: '2y', live: true, source: 'a' }))
    const [one, other] = [definitionOf(make(), 0), definitionOf(make(), 0)]
    expect(one).toEqual(other)
    expect(one.edges).toBe('hour Australia/Lord_Howe')
    const read = readRollup(one)
    expect(read.planning).toEqual(make().policy.planning)
    expect(read.windows).toBe(make().policy.windows)
  })

  it('changes its hash with what planning reads, and with nothing else', () => {
    const hash = (over: Partial<RollupOptions>): string => definitionOf(defineRollup(options(over)), 0).hash
    expect(hash({ refresh: async () => ({}) })).toBe(hash({}))
    expect(hash({ batch: { start: 1 } })).toBe(hash({}))
    for (const over of [
      { grain: 'day' },
      { timeZone: 'Europe/Berlin' },
      { grace: '1m' },
      { source: 'b' },
      { live: true },
      { revision: '2' },
    ] as const) {
      expect(hash(over)).not.toBe(hash({}))
    }
    const refresh = Object.assign(() => undefined, { revision: '2' })
    expect(hash({ refresh })).toBe(hash({ revision: '2' }))
    expect(hash({ refresh, revision: '3' })).not.toBe(hash({ refresh }))
  })

  it.each([
    ['an unknown field', (policy: string) => policy.replace(']]', '],["later",1]]')],
    ['no JSON', () => 'x'],
    ['a missing field', (policy: string) => policy.replace('["graceMs",300000],', '')],
  ])('is refused with %s', (_, change) => {
    const stored = definitionOf(defineRollup(options()), 0)
    expect(() => readRollup({ ...stored, policy: change(stored.policy) })).toThrow(/stored rollup "orders-hourly" cannot be read/)
    expect(() => readRollup({ ...stored, edges: 'fortnight UTC' })).toThrow(/cannot be read/)
  })
})
