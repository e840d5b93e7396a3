import { describe, expect, it, vi } from 'vitest'
import { at, createScheduler, defineJob, every, memoryStore } from '../../src/index.ts'
import { MAX_TIMER_MS, systemClock } from '../../src/time/clock.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSite } from './site.ts'

const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR
const iso = (slot: Date | null): string => slot?.toISOString() ?? ''
const keep = { succeeded: 1_000 }

describe('the wall clock of one process jumps', () => {
  it.each([
    ['an hour ahead', HOUR],
    ['ten years ahead', 10 * YEAR],
    ['an hour back', -HOUR],
    ['ten years back', -10 * YEAR],
  ])('%s: nothing fires early, twice or never, no lease moves, and health names the clock', async (_, ms) => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10s'), keep, run: ({ slot }) => void slots.push(iso(slot)) })
    const endless = defineJob({
      name: 'endless',
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    const other = defineJob({ name: 'other', schedule: every('10s'), keep, run: () => undefined })
    const [jumping, steady] = [site.process({ jobs: [job, endless] }), site.process({ jobs: [other] })]
    await jumping.start()
    await steady.start()
    await site.clock.until(jumping.scheduler.trigger(endless))
    await site.clock.advance(25_000)
    jumping.jump(ms)
    const startedBefore = jumping.events.of('run.started').length
    await site.clock.settle()
    expect(jumping.events.of('run.started')).toHaveLength(startedBefore)
    await site.clock.advance(120_000)
    expect(slots).toEqual(Array.from({ length: 14 }, (_, index) => new Date(Date.UTC(2026, 0, 1, 0, 0, 10 * (index + 1))).toISOString()))
    for (const { events } of [jumping, steady]) {
      expect(events.of('lease.lost')).toEqual([])
      expect(events.of('owner.expired')).toEqual([])
      expect(events.of('clock.backward')).toEqual([])
      expect(events.of('run.started').every(({ latenessMs }) => latenessMs === 0)).toBe(true)
    }
    const health = await site.clock.until(jumping.scheduler.health())
    expect(health.status).toBe('degraded')
    expect(health.why[0]).toMatch(ms > 0 ? /clock is .* ahead of the store's/ : /clock is .* behind the store's/)
    expect((await site.clock.until(steady.scheduler.health())).status).toBe('ok')
    expect(await site.clock.until(steady.scheduler.audit())).toMatchObject({ ok: true, proven: 28 })
  })
})

describe("the store's clock goes back", () => {
  it('by an hour: no slot fires again, firing goes on when time passes the cursor, and an event says so', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10m'), keep, run: ({ slot }) => void slots.push(iso(slot)) })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(HOUR + 60_000)
    expect(slots).toHaveLength(6)
    site.stepStore(-HOUR)
    await site.clock.advance(60_000)
    expect(process.events.of('clock.backward').length).toBeGreaterThan(0)
    expect(process.events.of('clock.backward')[0]?.byMs).toBeGreaterThan(HOUR - 1_000)
    await site.clock.advance(HOUR)
    expect(new Set(slots).size).toBe(slots.length)
    await site.clock.advance(HOUR)
    expect(slots.slice(0, 8)).toEqual(
      Array.from({ length: 8 }, (_, index) => new Date(Date.UTC(2026, 0, 1, 0, 10 * (index + 1))).toISOString()),
    )
    expect(new Set(slots).size).toBe(slots.length)
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: slots.length })
  })

  it('a triggered run still starts, and fences go on growing', async () => {
    await using site = createSite()
    const fences: number[] = []
    const job = defineJob({ name: 'any', run: ({ fence }) => void fences.push(fence) })
    const process = site.process({ jobs: [job] })
    await process.start()
    for (const step of [0, -HOUR, -24 * HOUR, 5 * HOUR]) {
      site.stepStore(step)
      await site.clock.until(process.scheduler.trigger(job))
      await site.clock.advance(35_000)
    }
    expect(fences).toHaveLength(4)
    expect(fences).toEqual(fences.toSorted((a, b) => a - b))
    expect(new Set(fences).size).toBe(4)
  })
})

describe("the store's clock leaps ahead", () => {
  it('by an hour: what fell due is caught up by the rules, nothing fires twice, and work goes on', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10m'), keep, run: ({ slot }) => void slots.push(iso(slot)) })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(11 * 60_000)
    site.stepStore(HOUR)
    await site.clock.advance(60 * 60_000)
    expect(new Set(slots).size).toBe(slots.length)
    expect(slots.slice(0, 2)).toEqual(['2026-01-01T00:10:00.000Z', '2026-01-01T01:10:00.000Z'])
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 13 })
  })
})

describe('far instants', () => {
  it('a timer beyond 2^31 − 1 ms is cut, not fired at once', () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const handles = [2 ** 31, 100 * YEAR, Number.POSITIVE_INFINITY].map((ms) => systemClock.setTimer(() => undefined, ms))
    handles.push(systemClock.setTimer(() => undefined, -5))
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([MAX_TIMER_MS, MAX_TIMER_MS, MAX_TIMER_MS, 0])
    for (const handle of handles) systemClock.clearTimer(handle)
    set.mockRestore()
  })

  it('no wait for work is longer than 30 s, however far the next slot', async () => {
    const clock = fakeClock()
    const waits: number[] = []
    const counted: typeof clock = {
      ...clock,
      setTimer(callback, delayMs) {
        waits.push(delayMs)
        return clock.setTimer(callback, delayMs)
      },
    }
    const job = defineJob({ name: 'far', schedule: at('2199-12-31T23:59:59Z'), run: () => undefined })
    const scheduler = createScheduler({ store: memoryStore({ clock }), clock: counted, random: () => 0.5, jobs: [job], logger: false })
    await clock.until(scheduler.start())
    await clock.advance(600_000)
    expect(waits.length).toBeGreaterThan(40)
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000)
    await clock.until(scheduler.stop())
  })

  it.each([
    ['the year 2199', '2199-12-31T23:59:30Z', '2199-12-31T23:59:59Z'],
    ['the last second that 32 bits hold, and the next', '2038-01-19T03:13:50Z', '2038-01-19T03:14:08Z'],
    ['a leap second', '2016-12-31T23:59:30Z', '2017-01-01T00:00:00Z'],
    ['the epoch', '1969-12-31T23:59:30Z', '1970-01-01T00:00:00Z'],
  ])('%s: fires once, on time', async (_, startAt, slot) => {
    const slots: string[] = []
    const job = defineJob({ name: 'edge', schedule: at(slot), run: (ctx) => void slots.push(iso(ctx.slot)) })
    await using manual = manualScheduler({ jobs: [job], startAt })
    await manual.start()
    await manual.advance('2m')
    expect(slots).toEqual([new Date(slot).toISOString()])
    expect(manual.events.of('run.started')).toMatchObject([{ latenessMs: 0 }])
    expect(await manual.scheduler.audit()).toMatchObject({ ok: true, proven: 1 })
  })
})
