import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { dueAt } from '../../src/schedule/jitter.ts'
import { resolveSpec } from '../../src/schedule/resolve-spec.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'
import { nextBaseSlot } from '../../src/schedule/slots.ts'

// Many cases in one test; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const T = Date.UTC(2026, 4, 1)

/** More than `every` and `cron` take: a store may hold it all the same. */
const jittered = (schedule: Schedule, jitterMs: number): Schedule => ({ ...schedule, spec: { ...schedule.spec, jitterMs } })

describe('dueAt', () => {
  it('is the slot itself without jitter', () => {
    expect(dueAt(resolveSpec(every('1h').spec, 0), 'job/#0', T)).toBe(T)
  })

  it('is a fixed delay after the slot, to which the jitter is added', () => {
    const spec = resolveSpec(every('1h').spec, 0)
    expect(dueAt({ ...spec, delayMs: 300_000 }, 'job/#0', T)).toBe(T + 300_000)
    const jittered = resolveSpec(every('1h', { jitter: '10m' }).spec, 0)
    expect(dueAt({ ...jittered, delayMs: 300_000 }, 'report/#0', T) - T).toBe(364_678)
  })

  it('is the same for the same seed and slot, on every machine', () => {
    const spec = resolveSpec(every('1h', { jitter: '10m' }).spec, 0)
    expect(dueAt(spec, 'report/#0', T) - T).toBe(64_678)
    expect(dueAt(spec, 'report/#0', T + 3_600_000) - T - 3_600_000).not.toBe(64_678)
    expect(dueAt(spec, 'report/#1', T) - T).not.toBe(64_678)
  })

  it('spreads evenly over slots and over seeds, up to the whole jitter', () => {
    const spec = resolveSpec(every('1h', { jitter: 9 }).spec, 0)
    for (const due of [
      (index: number) => dueAt(spec, 'report/#0', T + index * 3_600_000) - T - index * 3_600_000,
      (index: number) => dueAt(spec, `job-${index}/#0`, T) - T,
    ]) {
      const counts = new Array(10).fill(0)
      for (let index = 0; index < 10_000; index++) counts[due(index)]++
      for (const count of counts) expect(count).toBeGreaterThan(850)
      expect(counts.reduce((sum, count) => sum + count)).toBe(10_000)
    }
  })

  it('never reaches the next slot, so that slots are due in their order', () => {
    const schedules = fc.constantFrom(
      jittered(every(1), 3_600_000),
      jittered(every('7s'), 86_400_000),
      every('1h', { jitter: '59m' }),
      jittered(cron('*/15 * * * *', { timeZone: 'Europe/Berlin' }), 2 * 3_600_000),
      jittered(cron('0,15,45 1-3 * * *', { timeZone: 'Australia/Lord_Howe' }), 86_400_000),
      jittered(cron('*/7 * * * * *'), 90_000),
      jittered(every('1h', { end: T + 5 * 3_600_000 }), 3 * 3_600_000),
    )
    fc.assert(
      fc.property(schedules, fc.string(), fc.integer({ min: 0, max: 400 * 86_400_000 }), (schedule, seed, back) => {
        const spec = resolveSpec(schedule.spec, 0)
        const slot = nextBaseSlot(spec, T - back) as number
        const next = nextBaseSlot(spec, slot)
        const due = dueAt(spec, seed, slot)
        expect(due).toBeGreaterThanOrEqual(slot)
        expect(due - slot).toBeLessThanOrEqual(spec.jitterMs as number)
        expect(Number.isInteger(due)).toBe(true)
        if (next !== null) expect(due).toBeLessThan(next)
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes jitter longer than 49 days', () => {
    const spec = resolveSpec(every('365d', { jitter: '300d' }).spec, 0)
    const delays = Array.from({ length: 200 }, (_, index) => dueAt(spec, `job-${index}`, 0) / 86_400_000)
    expect(Math.max(...delays)).toBeGreaterThan(250)
    expect(Math.max(...delays)).toBeLessThanOrEqual(300)
  })
})
