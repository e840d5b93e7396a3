import { describe, expect, it } from 'vitest'
import { createLookAhead, EARLY_MS, type LookAhead } from '../../src/engine/look-ahead.ts'
import { defineJob, every } from '../../src/index.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import type { Firing } from '../../src/store/schedules.ts'
import type { Store } from '../../src/store/store.ts'
import { sleep } from '../../src/time/clock.ts'
import { fakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

function planned(dueAt: number): { readonly dueAt: number; readonly firing: Firing } {
  const firing = { job: 'mail', name: `at ${dueAt}`, incarnation: 'i', generation: 1, expectedSlot: dueAt, through: dueAt }
  return { dueAt, firing: { ...firing, nextSlot: null, nextDueAt: null, runs: [], skips: [] } }
}

function looked(...dueAts: readonly number[]): LookAhead {
  return lookedBy(createLookAhead(100), dueAts)
}

function lookedBy(ahead: LookAhead, dueAts: readonly number[]): LookAhead {
  ahead.keep({ lookedAt: 1_000, through: 1_200, planned: dueAts.map(planned) })
  return ahead
}

const WANTED = { now: 1_100, earliest: 1_100, limit: 10, most: 10 }
const names = (ahead: LookAhead, wanted: Partial<typeof WANTED> = {}): readonly string[] | undefined =>
  ahead.take({ ...WANTED, ...wanted })?.firings.map(({ name }) => name)

describe('what was looked at before it is due', () => {
  it('is given once, when it is due', () => {
    const ahead = looked(1_100, 1_150)
    expect(names(ahead, { now: 1_099 })).toBeUndefined()
    expect(ahead.take(WANTED)).toMatchObject({ firings: [{ name: 'at 1100' }], lookedAt: 1_000 })
    expect(names(ahead)).toBeUndefined()
    expect(names(ahead, { now: 1_150, earliest: 1_150 })).toEqual(['at 1150'])
  })

  it('is given in bounds, earliest first', () => {
    const ahead = looked(1_010, 1_020, 1_030)
    expect(names(ahead, { earliest: 1_010, limit: 2 })).toEqual(['at 1010', 'at 1020'])
    expect(names(ahead, { earliest: 1_030 })).toEqual(['at 1030'])
  })

  it.each([
    ['something that nobody looked at is due before it', { earliest: 1_099 }],
    ['the look is too long ago', { now: 1_501 }],
    ['the clock went back behind the look', { now: 999, earliest: 900 }],
  ])('is not given where %s', (_, facts) => expect(names(looked(1_100), facts)).toBeUndefined())

  it('says how long before there is something to do', () => {
    expect(looked(1_100).leadMs(1_201)).toBe(100)
    expect(looked(1_100).leadMs(1_100)).toBe(0)
  })

  it('is given a little early where the store waits, and nothing of a later instant with it', () => {
    const ahead = lookedBy(createLookAhead(100, true), [1_100, 1_101])
    expect([ahead.leadMs(1_100), ahead.leadMs(1_101)]).toEqual([EARLY_MS, 0])
    expect(names(ahead, { now: 1_100 - EARLY_MS - 0.1 })).toBeUndefined()
    expect(names(ahead, { now: 1_100 - EARLY_MS })).toEqual(['at 1100'])
    expect(names(ahead, { now: 1_101, earliest: 1_101 })).toEqual(['at 1101'])
  })

  it('is given earlier where there is much of one instant, and the store writes it first', () => {
    const many = Array.from({ length: 500 }, () => 1_100)
    const ahead = lookedBy(createLookAhead(100, 'written'), [...many, 1_101])
    expect([ahead.leadMs(1_100), ahead.earlyMs()]).toEqual([EARLY_MS + 12, EARLY_MS + 12])
    expect(ahead.take({ now: 1_085, earliest: 1_100, limit: 500, most: 500 })?.firings).toHaveLength(500)
    expect([ahead.leadMs(1_101), ahead.earlyMs()]).toEqual([EARLY_MS, EARLY_MS])
    expect(lookedBy(createLookAhead(100, true), many).leadMs(1_100)).toBe(EARLY_MS)
    expect(lookedBy(createLookAhead(100), many).leadMs(1_100)).toBe(0)
  })
})

describe('a process on a store that others share', () => {
  /** The verbs that were called, and how long after the start. */
  function site(waitsToFire = false): {
    readonly clock: FakeClock
    readonly store: Store
    readonly calls: (readonly [verb: string, at: number])[]
  } {
    const clock = fakeClock()
    const memory = memoryStore({ clock })
    const calls: (readonly [string, number])[] = []
    const { due, fire } = memory.schedules
    const store: Store = {
      ...memory,
      capabilities: { ...memory.capabilities, shared: true, waitsToFire },
      schedules: {
        ...memory.schedules,
        due(request) {
          calls.push(['due', clock.monotonic()])
          return due(request)
        },
        async fire(request) {
          calls.push(['fire', clock.monotonic()])
          const dueAt = Math.max(...request.firings.flatMap(({ runs }) => runs.map(({ runAt }) => runAt)))
          if (waitsToFire && dueAt > clock.now()) await sleep(clock, dueAt - clock.now())
          return fire(request)
        },
      },
    }
    return { clock, store, calls }
  }

  it.each([
    ['looks once before each instant, and only fires at it', false, 100],
    ['asks a store that waits to fire a little before it', true, 100 - EARLY_MS],
  ])('%s', async (_, waitsToFire, gapMs) => {
    const { clock, store, calls } = site(waitsToFire)
    const starts: number[] = []
    const job = defineJob({
      name: 'mail',
      // Not every 10 s: that is when it renews, and learns of what is due once more.
      schedule: every('9s'),
      run: ({ slot }) => void starts.push(clock.now() - (slot?.getTime() ?? 0)),
    })
    const manual = manualScheduler({ store, clock, jobs: [job] })
    await manual.start()
    await manual.advance('5s')
    calls.length = 0
    await manual.advance('30s')
    expect(starts).toEqual([0, 0, 0])
    expect(calls.map(([verb]) => verb)).toEqual(['due', 'fire', 'due', 'fire', 'due', 'fire'])
    const gaps = calls.slice(1).map(([, at], index) => at - (calls[index]?.[1] ?? 0))
    expect(gaps.filter((_, index) => index % 2 === 0)).toEqual([gapMs, gapMs, gapMs])
    await manual.stop()
  })

  it('does not run the slot of a suspension that was over before it fired', async () => {
    const { clock, store, calls } = site()
    const slots: number[] = []
    const job = defineJob({ name: 'mail', run: ({ slot }) => void slots.push(slot?.getTime() ?? 0) })
    const manual = manualScheduler({ store, clock, jobs: [job] })
    await manual.start()
    await manual.scheduler.schedules.set(job, { key: 'k', schedule: every('10s') })
    await manual.advance('10s')
    slots.length = 0
    calls.length = 0
    while (calls.length === 0) await manual.advance('10ms')
    // Behind the back of the process, which has its plan.
    const target = { job: 'mail', name: 'k' }
    const now = clock.now()
    await store.schedules.suspend({ targets: [{ ...target, reason: 'locked' }], now })
    await store.schedules.suspend({ targets: [{ ...target, reason: null }], now: now + 200 })
    await manual.advance('5s')
    expect(slots).toEqual([])
    expect((await store.schedules.ledger({ ...target, after: null, limit: 100 })).skips.map(({ reason }) => reason)).toEqual(['suspended'])
    await manual.stop()
  })
})
