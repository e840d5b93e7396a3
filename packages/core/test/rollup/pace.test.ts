/** Sizes of batches, halving, and how long marks are gathered. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NonRetryableError } from '../../src/errors/run-errors.ts'
import { RetryAfterError } from '../../src/job/retry-after-error.ts'
import { halve, judgeFailure, MOST_FAILURES } from '../../src/rollup/batches.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { batchSize, type Pace, paceAfterBatch, paceAfterFailure, paceOfRun, readPace, waitsOf, writePace } from '../../src/rollup/pace.ts'

const { policy } = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-01-01', refresh: () => undefined })
const { planning, batch, retry } = policy
const fresh = readPace(null)
const NOW = Date.UTC(2026, 2, 1)

describe('the size of batches', () => {
  it.each([
    ['windows that take no time', 0, 500],
    ['windows of 4 ms', 4, 250],
    ['windows of 100 ms', 100, 10],
    ['windows that take longer than the target', 5_000, 1],
  ])('%s: it settles near a second', (_, windowMs, expected) => {
    let pace = fresh
    for (let step = 0; step < 12; step++) {
      const windows = batchSize(pace, batch)
      pace = paceAfterBatch(pace, { windows, elapsedMs: windows * windowMs }, batch)
    }
    expect(batchSize(pace, batch)).toBe(expected)
  })

  it('does not grow from what was smaller than it', () => {
    expect(batchSize(paceAfterBatch(fresh, { windows: 1, elapsedMs: 1 }, batch), batch)).toBe(24)
    expect(batchSize(paceAfterBatch(fresh, { windows: 1, elapsedMs: 500 }, batch), batch)).toBe(2)
  })

  it('falls to what failed, and grows from there', () => {
    const failed = paceAfterFailure({ ...fresh, batch: 500 }, 1)
    expect(failed).toMatchObject({ batch: 1, failing: 1 })
    expect(paceAfterBatch(failed, { windows: 1, elapsedMs: 10 }, batch)).toMatchObject({ batch: 2, failing: 0 })
  })

  it('stays within its bounds, whatever is measured', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1e7, noNaN: true })), { maxLength: 20 }),
        (costs) => {
          let pace: Pace = fresh
          for (const [windows, elapsedMs] of costs) {
            pace = readPace(writePace(paceAfterBatch(pace, { windows, elapsedMs }, batch)))
            expect(batchSize(pace, batch)).toBeGreaterThanOrEqual(1)
            expect(batchSize(pace, batch)).toBeLessThanOrEqual(batch.most)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('how long marks are gathered', () => {
  const waits = (runMs: number, over: Partial<Pace> = {}) => waitsOf({ ...fresh, runMs, at: NOW, ...over }, planning, NOW)

  it.each([
    [0, 5_000, 30_000],
    [4_000, 5_000, 30_000],
    [20_000, 20_000, 30_000],
    [90_000, 90_000, 90_000],
    [3_600_000, 300_000, 300_000],
  ])('runs that are busy for %d ms: %d, at most %d', (runMs, waitMs, maxWaitMs) => {
    expect(waits(runMs)).toEqual({ waitMs, maxWaitMs })
  })

  it('refreshing takes no more than its share of the time', () => {
    for (const paceShare of [0.1, 0.25, 0.5, 1]) {
      const { waitMs } = waitsOf({ ...fresh, runMs: 20_000, at: NOW }, { ...planning, paceShare }, NOW)
      expect(20_000 / (20_000 + waitMs)).toBeLessThanOrEqual(paceShare + 1e-9)
    }
  })

  it('what was measured long ago says nothing', () => {
    expect(waits(90_000, { at: NOW - 3 * planning.paceMostMs - 1 })).toEqual({ waitMs: 5_000, maxWaitMs: 30_000 })
  })

  it('a run that was busy long lengthens it, quiet ones shorten it again', () => {
    let pace = paceOfRun(fresh, { before: fresh, busyMs: 100_000, now: NOW })
    expect(pace.runMs).toBe(40_000)
    for (let run = 0; run < 6; run++) pace = paceOfRun(pace, { before: pace, busyMs: 100, now: NOW })
    expect(waitsOf(pace, planning, NOW).waitMs).toBe(5_000)
  })

  it.each(['', 'null', '7', '{', '{"batch":"x","runMs":-3,"at":null}', '[]'])('%j is read as nothing', (text) => {
    expect(readPace(text)).toEqual(fresh)
  })
})

describe('a part that failed', () => {
  const part = (size: number, error: unknown, attempts = 0, failures = 1) =>
    judgeFailure({ error, size, failures, attempts: Array.from({ length: size }, () => attempts) }, retry, () => 0.5)
  const plain = new Error('no')

  it.each([
    ['is split', part(8, plain), { kind: 'split' }],
    ['is split, too, where it should not be tried again', part(2, new NonRetryableError('no')), { kind: 'split' }],
    ['alone is put off', part(1, plain), { kind: 'fail', delaysMs: [500], stop: false }],
    ['alone for the third time is put off longer', part(1, plain, 2), { kind: 'fail', delaysMs: [2_000], stop: false }],
    ['alone is given up after its retries', part(1, plain, 3), { kind: 'fail', delaysMs: [null], stop: false }],
    ['alone is given up at once', part(1, new NonRetryableError('no')), { kind: 'fail', delaysMs: [null], stop: false }],
    [
      'alone is given up at once by its own error',
      part(1, Object.assign(plain, { retryable: false })),
      { kind: 'fail', delaysMs: [null], stop: false },
    ],
    [
      'that asks for time gets it',
      part(3, new RetryAfterError('later', 7_000), 9),
      { kind: 'fail', delaysMs: [7_000, 7_000, 7_000], stop: true },
    ],
    [
      'that asks for time too often is given up',
      part(1, new RetryAfterError('later', 7_000), 3),
      { kind: 'fail', delaysMs: [null], stop: true },
    ],
    [
      'after too many others is put off whole, and never given up',
      part(2, new Error('x'), 9, MOST_FAILURES),
      { kind: 'fail', delaysMs: [150_000, 150_000], stop: true },
    ],
  ])('%s', (_, verdict, expected) => {
    expect(verdict).toEqual(expected)
  })

  it('bad windows are found alone, with bounded calls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.uniqueArray(fc.nat(499), { maxLength: 3 }), (size, chosen) => {
        const bad = new Set(chosen.map((one) => one % size))
        const parts: (readonly number[])[] = [Array.from({ length: size }, (_, index) => index)]
        const alone: number[] = []
        let failures = 0
        for (let next = parts.pop(); next !== undefined; next = parts.pop()) {
          if (!next.some((one) => bad.has(one))) continue
          failures++
          const verdict = part(next.length, new Error('bad'), 0, failures)
          if (verdict.kind === 'split') parts.push(...halve(next).toReversed())
          else alone.push(...next)
        }
        expect(alone.sort()).toEqual([...bad].sort())
        expect(failures).toBeLessThanOrEqual(MOST_FAILURES)
      }),
      { numRuns: 300 },
    )
  })
})
