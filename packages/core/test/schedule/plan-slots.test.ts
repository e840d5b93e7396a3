import { describe, expect, it } from 'vitest'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { dueAt } from '../../src/schedule/jitter.ts'
import { nextFiringSlot } from '../../src/schedule/next-slots.ts'
import { planSlots, type SlotFacts, type SlotPlan } from '../../src/schedule/plan-slots.ts'
import { resolveSpec } from '../../src/schedule/resolve-spec.ts'
import type { Schedule } from '../../src/schedule/schedule.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Hours after the epoch are easy to read. */
const h = (hours: number): number => hours * HOUR

function plan(schedule: Schedule, facts: Partial<SlotFacts> & { readonly cursor: number; readonly now: number }): SlotPlan {
  const spec = resolveSpec(schedule.spec, 0)
  return planSlots({
    spec,
    functions: schedule.excludes,
    seed: 'job/#0',
    nextSlot: nextFiringSlot(spec, schedule.excludes, facts.cursor) as number,
    misfireAfterMs: 35_000,
    catchUp: { mode: 'latest' },
    suspendedStretches: [],
    ...facts,
  })
}

const misfire = (from: number, to: number, count: number | null): object => ({ reason: 'misfire', from, to, count })
const excluded = (from: number, to: number, count: number | null): object => ({ reason: 'excluded', from, to, count })
const suspended = (from: number, to: number, count: number | null): object => ({ reason: 'suspended', from, to, count })

describe('in time', () => {
  it('runs the slot and waits for the next', () => {
    expect(plan(every('1h'), { cursor: h(0), now: h(1) })).toEqual({
      through: h(1),
      runs: [h(1)],
      skips: [],
      nextSlot: h(2),
      nextDueAt: h(2),
    })
    expect(plan(every('1h'), { cursor: h(0), now: h(1) + 35_000 })).toMatchObject({ runs: [h(1)], skips: [] })
  })

  it('is exhausted after the last', () => {
    expect(plan(at(h(1)), { cursor: 0, now: h(1) })).toEqual({ through: h(1), runs: [h(1)], skips: [], nextSlot: null, nextDueAt: null })
    expect(plan(every('1h', { end: h(1) }), { cursor: 0, now: h(1) })).toMatchObject({ nextSlot: null, nextDueAt: null })
  })

  it('takes the awaited slot for due even if `now` does not', () => {
    expect(plan(every('1h'), { cursor: h(0), now: h(1) - 5 })).toEqual({
      through: h(1),
      runs: [h(1)],
      skips: [],
      nextSlot: h(2),
      nextDueAt: h(2),
    })
    expect(plan(every('1h', { exclude: [() => false] }), { cursor: h(0), now: h(1) - 5 })).toMatchObject({
      through: h(1),
      runs: [h(1)],
      nextSlot: h(2),
    })
  })

  it('runs every slot that is due and not yet missed', () => {
    expect(plan(every('10s'), { cursor: 0, now: 35_000 })).toMatchObject({
      through: 30_000,
      runs: [10_000, 20_000, 30_000],
      skips: [],
      nextSlot: 40_000,
    })
  })

  it('waits for the jitter of a slot', () => {
    const schedule = every('1h', { jitter: '59m' })
    const spec = resolveSpec(schedule.spec, 0)
    const due = dueAt(spec, 'job/#0', h(2))
    expect(plan(schedule, { cursor: 0, now: due - 1, misfireAfterMs: h(9) })).toEqual({
      through: h(1),
      runs: [h(1)],
      skips: [],
      nextSlot: h(2),
      nextDueAt: due,
    })
    expect(plan(schedule, { cursor: 0, now: due, misfireAfterMs: h(9) })).toMatchObject({ runs: [h(1), h(2)] })
  })

  it('counts lateness from the due instant, not from the slot', () => {
    const schedule = every('1h', { jitter: '59m' })
    const due = dueAt(resolveSpec(schedule.spec, 0), 'job/#0', h(1))
    expect(plan(schedule, { cursor: 0, now: due + 35_000, catchUp: { mode: 'none' } })).toMatchObject({ runs: [h(1)] })
    expect(plan(schedule, { cursor: 0, now: due + 35_001, catchUp: { mode: 'none' } })).toMatchObject({
      runs: [],
      skips: [misfire(h(1), h(1), 1)],
    })
  })
})

describe('missed', () => {
  it('latest: runs the newest, skips the older', () => {
    expect(plan(every('1h'), { cursor: 0, now: h(5.5) })).toEqual({
      through: h(5),
      runs: [h(5)],
      skips: [misfire(h(1), h(4), 4)],
      nextSlot: h(6),
      nextDueAt: h(6),
    })
    expect(plan(every('1h'), { cursor: 0, now: h(1.5) })).toMatchObject({ runs: [h(1)], skips: [] })
  })

  it('latest: makes up for nothing when a fresh slot is due', () => {
    expect(plan(every('1h'), { cursor: 0, now: h(5) + 1 })).toMatchObject({ runs: [h(5)], skips: [misfire(h(1), h(4), 4)] })
  })

  it('none: skips all', () => {
    expect(plan(every('1h'), { cursor: 0, now: h(5.5), catchUp: { mode: 'none' } })).toMatchObject({
      through: h(5),
      runs: [],
      skips: [misfire(h(1), h(5), 5)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(1.5), catchUp: { mode: 'none' } })).toMatchObject({
      through: h(1),
      runs: [],
      skips: [misfire(h(1), h(1), 1)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(5) + 1, catchUp: { mode: 'none' } })).toMatchObject({
      runs: [h(5)],
      skips: [misfire(h(1), h(4), 4)],
    })
  })

  it('all: runs the newest `limit`, oldest first', () => {
    const catchUp = { mode: 'all', limit: 3, withinMs: null } as const
    expect(plan(every('1h'), { cursor: 0, now: h(6.5), catchUp })).toMatchObject({
      through: h(6),
      runs: [h(4), h(5), h(6)],
      skips: [misfire(h(1), h(3), 3)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(6) + 1, catchUp })).toMatchObject({
      runs: [h(3), h(4), h(5), h(6)],
      skips: [misfire(h(1), h(2), 2)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(2.5), catchUp })).toMatchObject({ runs: [h(1), h(2)], skips: [] })
    expect(plan(every('1h'), { cursor: 0, now: h(2.5), catchUp: { ...catchUp, limit: 0 } })).toMatchObject({
      runs: [],
      skips: [misfire(h(1), h(2), 2)],
    })
  })

  it('all: runs what is within the window, to the millisecond', () => {
    const catchUp = { mode: 'all', limit: 100, withinMs: h(2) } as const
    expect(plan(every('1h'), { cursor: 0, now: h(6), misfireAfterMs: 0, catchUp })).toMatchObject({
      runs: [h(4), h(5), h(6)],
      skips: [misfire(h(1), h(3), 3)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(6) + 1, misfireAfterMs: 0, catchUp })).toMatchObject({
      runs: [h(5), h(6)],
      skips: [misfire(h(1), h(4), 4)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(1.5), catchUp: { ...catchUp, withinMs: h(0.5) } })).toMatchObject({ runs: [h(1)] })
    expect(plan(every('1h'), { cursor: 0, now: h(1.5) + 1, catchUp: { ...catchUp, withinMs: h(0.5) } })).toMatchObject({ runs: [] })
  })

  it('a year of seconds is written at once: counted for an interval, left uncounted for cron', () => {
    const year = 365 * 24 * HOUR
    expect(plan(every('1s'), { cursor: 0, now: year + 500, misfireAfterMs: 0 })).toMatchObject({
      through: year,
      runs: [year],
      skips: [misfire(1_000, year - 1_000, year / 1_000 - 1)],
    })
    expect(plan(cron('* * * * * *'), { cursor: 0, now: year + 500, misfireAfterMs: 0 })).toMatchObject({
      through: year,
      runs: [year],
      skips: [misfire(1_000, year - 1_000, null)],
    })
  })

  it('makes at most a hundred runs, and the rest next time', () => {
    const catchUp = { mode: 'all', limit: 250, withinMs: null } as const
    const schedule = cron('* * * * *')
    let cursor = 0
    const runs: number[] = []
    const skips: object[] = []
    for (let step = 0; step < 3; step++) {
      const made = plan(schedule, { cursor, now: h(24) + 40_000, catchUp })
      expect(made.runs.length).toBeLessThanOrEqual(100)
      runs.push(...made.runs)
      skips.push(...made.skips)
      cursor = made.through
    }
    expect(cursor).toBe(h(24))
    expect(runs).toEqual(Array.from({ length: 250 }, (_, index) => h(24) - (249 - index) * MINUTE))
    expect(skips).toEqual([misfire(MINUTE, h(24) - 250 * MINUTE, null)])
  })
})

describe('excluded', () => {
  const schedule = every('1h', { exclude: [{ from: h(2), to: h(4) }] })

  it('slots before and after the due one are told apart', () => {
    expect(plan(schedule, { cursor: h(1), now: h(4) })).toMatchObject({
      through: h(4),
      runs: [h(4)],
      skips: [excluded(h(2), h(3), 2)],
      nextSlot: h(5),
    })
    expect(plan(schedule, { cursor: h(0), now: h(1) })).toMatchObject({ through: h(1), runs: [h(1)], skips: [], nextSlot: h(4) })
    expect(plan(schedule, { cursor: h(0), now: h(3) })).toMatchObject({
      through: h(3),
      runs: [h(1)],
      skips: [excluded(h(2), h(3), 2)],
      nextSlot: h(4),
    })
  })

  it('are never made up for', () => {
    expect(plan(schedule, { cursor: h(0), now: h(3.5) })).toMatchObject({ runs: [h(1)], skips: [excluded(h(2), h(3), 2)] })
    expect(plan(schedule, { cursor: h(0), now: h(5.5), catchUp: { mode: 'none' } })).toMatchObject({
      runs: [],
      skips: [misfire(h(1), h(1), 1), excluded(h(2), h(3), 2), misfire(h(4), h(5), 2)],
    })
    expect(plan(schedule, { cursor: h(0), now: h(5.5), catchUp: { mode: 'all', limit: 2, withinMs: null } })).toMatchObject({
      runs: [h(4), h(5)],
      skips: [misfire(h(1), h(1), 1), excluded(h(2), h(3), 2)],
    })
  })

  it('a thousand in a row wake the engine, which goes on', () => {
    const none = every('1s', { exclude: [() => true] })
    expect(plan(none, { cursor: 0, now: 1_001_000 })).toMatchObject({
      through: 1_001_000,
      runs: [],
      skips: [excluded(1_000, 1_001_000, 1_001)],
      nextSlot: 2_002_000,
    })
  })

  it('in a long missed stretch they are not told apart', () => {
    const odd = every('1s', { exclude: [(slot) => Number(slot) % 2_000 === 0] })
    const made = plan(odd, { cursor: 0, now: h(1), misfireAfterMs: 0 })
    expect(made).toMatchObject({
      through: h(1),
      runs: [h(1) - 1_000],
      skips: [misfire(1_000, h(1) - 2_000, 3_598), excluded(h(1), h(1), 1)],
    })
  })

  it('many short ranges are bounded', () => {
    const odd = every('1s', { exclude: [(slot) => Number(slot) % 2_000 === 0] })
    const made = plan(odd, { cursor: 0, now: 900_500, misfireAfterMs: 0, catchUp: { mode: 'none' } })
    expect(made.skips).toHaveLength(101)
    expect(made.through).toBe(900_000)
    expect(made.skips.reduce((sum, { count }) => sum + (count as number), 0)).toBe(900)
  })

  it('a calendar that throws leaves nothing out, and is reported', () => {
    const reported: number[] = []
    const broken = every('1h', {
      exclude: [
        () => {
          throw new Error('no calendar')
        },
      ],
    })
    expect(plan(broken, { cursor: 0, now: h(1), onExcludeError: (_error, slot) => reported.push(slot) })).toMatchObject({ runs: [h(1)] })
    expect(reported).toContain(h(1))
  })
})

describe('suspended', () => {
  it('one range for each stretch, from exclusive, to inclusive', () => {
    expect(
      plan(every('1h'), {
        cursor: 0,
        now: h(9.5),
        suspendedStretches: [
          [h(1), h(3)],
          [h(5.5), h(7.5)],
        ],
      }),
    ).toMatchObject({
      through: h(9),
      runs: [h(9)],
      skips: [misfire(h(1), h(1), 1), suspended(h(2), h(3), 2), misfire(h(4), h(5), 2), suspended(h(6), h(7), 2), misfire(h(8), h(8), 1)],
    })
  })

  it('covers the awaited slot, and what follows is fresh', () => {
    expect(plan(every('1h'), { cursor: 0, now: h(3), suspendedStretches: [[h(0.5), h(2.5)]] })).toMatchObject({
      through: h(3),
      runs: [h(3)],
      skips: [suspended(h(1), h(2), 2)],
    })
    expect(plan(every('1h'), { cursor: 0, now: h(2.6), suspendedStretches: [[h(0.5), h(2.5)]] })).toMatchObject({
      through: h(2),
      runs: [],
      skips: [suspended(h(1), h(2), 2)],
      nextSlot: h(3),
    })
  })

  it('stretches that overlap, are out of order, or lie before the cursor', () => {
    expect(
      plan(every('1h'), {
        cursor: h(2),
        now: h(8),
        suspendedStretches: [
          [h(5), h(7)],
          [h(0), h(4)],
          [h(3), h(5.5)],
          [h(0), h(1)],
        ],
      }),
    ).toMatchObject({
      through: h(8),
      runs: [h(8)],
      skips: [suspended(h(3), h(7), 5)],
    })
  })

  it('a stretch without a slot leaves no record', () => {
    expect(plan(every('1h'), { cursor: 0, now: h(1), suspendedStretches: [[h(0.2), h(0.4)]] })).toMatchObject({ runs: [h(1)], skips: [] })
  })

  it('excluded slots inside are suspended; what was missed before is still made up for', () => {
    const schedule = every('1h', { exclude: [{ from: h(3), to: h(4) }] })
    expect(plan(schedule, { cursor: 0, now: h(5.5), suspendedStretches: [[h(1.5), h(5.2)]] })).toMatchObject({
      through: h(5),
      runs: [h(1)],
      skips: [suspended(h(2), h(5), 4)],
    })
  })

  it('a long one is left uncounted for cron', () => {
    expect(plan(cron('* * * * * *'), { cursor: 0, now: h(24), suspendedStretches: [[0, h(24) - 1]], misfireAfterMs: 0 })).toMatchObject({
      runs: [h(24)],
      skips: [suspended(1_000, h(24) - 1_000, null)],
    })
  })
})

describe('slots that were reckoned differently before', () => {
  it('an awaited instant that is no slot any more still moves the cursor', () => {
    expect(plan(every('1h'), { cursor: h(0), nextSlot: h(0.5), now: h(0.5) })).toEqual({
      through: h(0.5),
      runs: [],
      skips: [],
      nextSlot: h(1),
      nextDueAt: h(1),
    })
  })

  it('slots before the awaited one are accounted for', () => {
    expect(plan(every('1h'), { cursor: h(0), nextSlot: h(3), now: h(3) })).toMatchObject({
      through: h(3),
      runs: [h(3)],
      skips: [misfire(h(1), h(2), 2)],
    })
  })

  it('even if they are more than one plan holds', () => {
    const made = plan(every('1s'), { cursor: 0, nextSlot: 500_000, now: 500_000, misfireAfterMs: h(1) })
    expect(made).toMatchObject({ through: 500_000, skips: [misfire(101_000, 500_000, 400)], nextSlot: 501_000 })
    expect(made.runs).toHaveLength(100)
  })
})
