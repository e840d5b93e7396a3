import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultStaleAfter, FIRST_RUN_FLOOR_MS, STALE_AFTER_FLOOR_MS, stalenessOf } from '../../src/health/stale-after.ts'
import type { JobFacts } from '../../src/health/health-facts.ts'
import type { JobStats } from '../../src/store/runs.ts'
import { HOUR, job, MINUTE, NOW, run, stats } from './facts.ts'

const every = (step: number, count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index * step)

describe('defaultStaleAfter', () => {
  it.each([
    ['even slots', [every(HOUR, 100)], 2 * HOUR],
    ['working days: the weekend counts', [[0, 24, 48, 72, 96, 168, 192].map((hour) => hour * HOUR)], 144 * HOUR],
    ['two schedules together', [every(HOUR, 100), every(HOUR, 100, 20 * MINUTE)], 80 * MINUTE],
    ['a dense schedule beside a sparse one', [every(MINUTE, 100), every(1_000 * MINUTE, 100)], 2 * MINUTE],
    ['a schedule that ends before the other', [every(MINUTE, 3), every(1_000 * MINUTE, 100)], 2_000 * MINUTE],
    ['slots close to each other', [every(1_000, 100)], STALE_AFTER_FLOOR_MS],
    ['slots half of the floor apart', [every(STALE_AFTER_FLOOR_MS / 2 + 1, 100)], STALE_AFTER_FLOOR_MS + 2],
    ['two slots', [[5, 5 + HOUR]], 2 * HOUR],
    ['one slot', [[5]], null],
    ['no slot', [[]], null],
    ['no schedule', [], null],
    ['two schedules on one instant', [[5], [5]], null],
  ])('%s', (_, slots, expected) => {
    expect(defaultStaleAfter(slots)).toBe(expected)
  })

  it('is at most two periods of the densest schedule, and at least the floor', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10 * MINUTE }), { minLength: 2, maxLength: 30 }), (steps) => {
        const staleAfter = defaultStaleAfter(steps.map((step) => every(step, 100, step)))
        expect(staleAfter).toBeLessThanOrEqual(Math.max(STALE_AFTER_FLOOR_MS, 2 * Math.min(...steps)))
        expect(staleAfter).toBeGreaterThanOrEqual(STALE_AFTER_FLOOR_MS)
      }),
    )
  })
})

describe('stalenessOf, with a success that ended an hour ago and a bound of two minutes', () => {
  const dueAt = NOW - HOUR + 2 * MINUTE
  const lastedMs = (...minutes: readonly number[]): JobStats['recent'] =>
    minutes.map((minute) => ({ outcome: 'succeeded', latenessMs: 0, durationMs: minute * MINUTE }))
  const isStale = (changes: Partial<JobFacts>, recent: JobStats['recent'] = lastedMs(10)): boolean => {
    const kept = stats({ lastSuccess: run({ finishedAt: NOW - HOUR }), running: 1, recent })
    return stalenessOf(NOW, job({ staleAfterMs: 2 * MINUTE, ...changes }), kept) !== null
  }

  it.each<[what: string, changes: Partial<JobFacts>, expected: boolean, recent?: JobStats['recent']]>([
    ['nothing executes', {}, true],
    ['a run began in time, and lasts no longer than others did', { executingSince: [dueAt] }, false],
    ['it began too late', { executingSince: [dueAt + 1] }, true],
    ['one of several began in time', { executingSince: [NOW - 1_000, dueAt, NOW] }, false],
    ['it began in time, and lasts ten times as long as others did', { executingSince: [dueAt] }, false, lastedMs(5.8)],
    ['it lasts longer than that: it hangs', { executingSince: [dueAt] }, true, lastedMs(5.7)],
    ['it is within its timeout', { executingSince: [dueAt], timeoutMs: 58 * MINUTE }, false, lastedMs(1)],
    ['it is beyond its timeout', { executingSince: [dueAt], timeoutMs: 58 * MINUTE - 1 }, true],
    ['nothing is known of how long runs take', { executingSince: [dueAt] }, true, []],
    ['the bound is of the job’s own', { executingSince: [dueAt], isStaleAfterDefault: false }, true],
    ['it was resumed since', { resumedAt: NOW - 2 * MINUTE }, false],
    ['it is never judged stale', { staleAfterMs: null }, false],
  ])('%s', (_, changes, expected, recent) => {
    expect(isStale(changes, recent)).toBe(expected)
  })

  it('a first run has as long as a success may be away, and ten minutes at least', () => {
    const first = (startedAt: number, staleAfterMs: number): boolean =>
      stalenessOf(
        NOW,
        job({ staleAfterMs, registeredAt: startedAt, executingSince: [startedAt] }),
        stats({ lastSuccess: null, running: 1, recent: [] }),
      ) !== null
    expect(first(NOW - FIRST_RUN_FLOOR_MS, 1_000)).toBe(false)
    expect(first(NOW - FIRST_RUN_FLOOR_MS - 1, 1_000)).toBe(true)
    expect(first(NOW - HOUR, HOUR)).toBe(false)
    expect(first(NOW - HOUR - 1, HOUR)).toBe(true)
  })
})
