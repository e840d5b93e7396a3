/** Rollups among jobs: what follows them, what suspends them, which processes execute them, passes without a process that stays. */
import { describe, expect, it } from 'vitest'
import { defineJob } from '../../src/job/define-job.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { every } from '../../src/schedule/every.ts'
import { createScheduler } from '../../src/scheduler/create-scheduler.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { WindowStore } from '../../src/store/windows.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSource } from './summed-source.ts'

const startAt = '2026-03-01T00:00:00Z'
const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`)

function hourlyOf(refresh: RollupOptions['refresh'], over: Partial<RollupOptions> = {}): Rollup {
  return defineRollup({ name: 'hourly', grain: 'hour', start: startAt, refresh, ...over })
}

describe('a job that comes after a rollup', () => {
  it('runs when windows were refreshed, and not when there was nothing to refresh', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh)
    const triggers: string[] = []
    const publish = defineJob({ name: 'publish', after: [hourly], run: ({ trigger }) => void triggers.push(trigger) })
    await using manual = manualScheduler({ jobs: [hourly, publish], startAt })
    await manual.start()
    await manual.advanceTo('2026-03-01T01:04:00Z')
    expect(triggers).toEqual([])
    await manual.advanceTo('2026-03-01T01:06:00Z')
    expect(source.calls).toEqual([[at('00:00:00')]])
    expect(triggers.length).toBeGreaterThan(0)
    const before = triggers.length
    await manual.scheduler.mark(hourly, at('00:30:00'))
    await manual.advance('10s')
    expect(triggers.slice(before)).toEqual(['after'])
    // A mark about a window that is not due asks for nothing.
    await manual.scheduler.mark(hourly, at('01:01:00'))
    await manual.advance('10s')
    expect(triggers.length).toBe(before + 1)
  })
})

describe('a suspended rollup', () => {
  it('refreshes nothing, gathers marks, shows as suspended, and catches up when it is resumed', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh)
    await using manual = manualScheduler({ jobs: [hourly], startAt })
    const { scheduler } = manual
    await manual.start()
    await manual.advanceTo('2026-03-01T02:10:00Z')
    source.calls.length = 0
    expect(await scheduler.suspend(hourly, 'the source is being moved')).toBe(true)
    const backfill = await scheduler.backfill(hourly, { from: startAt })
    await scheduler.mark(hourly, at('00:30:00'))
    await manual.advanceTo('2026-03-01T05:10:00Z')
    expect(source.calls).toEqual([])
    const { rollups } = await scheduler.health()
    expect(rollups).toMatchObject([{ rollup: 'hourly', status: 'suspended', freshness: 'stale', watermark: '2026-03-01T02:00:00.000Z' }])
    expect(await backfill.progress()).toMatchObject({ state: 'running', done: 0 })

    expect(await scheduler.resume(hourly)).toBe(true)
    await manual.advance('1m')
    expect(new Set(source.calls.flat()).size).toBe(5)
    expect(await scheduler.rollups.state(hourly)).toMatchObject({ status: 'ok', dirty: 0, watermark: '2026-03-01T05:00:00.000Z' })
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 2 })
  })
})

describe('processes that do not stay', () => {
  it('refresh in a tick what is due and what was marked, and tell when the next one has work', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh)
    const clock = fakeClock('2026-03-01T02:30:00Z')
    const store = memoryStore({ clock })
    const scheduler = createScheduler({ store, jobs: [hourly], clock, logger: false, random: () => 0.5 })
    const tick = (): ReturnType<typeof scheduler.tick> => clock.until(scheduler.tick(), 120_000)
    await tick()
    expect(new Set(source.calls.flat())).toEqual(new Set([at('00:00:00'), at('01:00:00')]))
    source.calls.length = 0
    await scheduler.mark(hourly, at('01:15:00'))
    await clock.advance(1_000)
    const { nextWakeAt } = await tick()
    expect(nextWakeAt).toEqual(new Date(clock.now() + 5_000))
    await clock.advanceTo(nextWakeAt ?? clock.now())
    await tick()
    expect(source.calls).toEqual([[at('01:00:00')]])
    await clock.advanceTo('2026-03-01T03:05:00Z')
    expect(await tick()).toMatchObject({ failed: 0 })
    expect(source.calls.flat()).toContain(at('02:00:00'))
    expect(await scheduler.rollups.state(hourly)).toMatchObject({ status: 'ok', watermark: '2026-03-01T03:00:00.000Z' })
  })
})

describe('start({ only })', () => {
  it('with a rollup, executes its backfills, too; without, neither', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh, { start: '2026-02-28T00:00:00Z' })
    const other = defineJob({ name: 'other', schedule: every('1h'), run: () => undefined })
    await using idle = manualScheduler({ jobs: [hourly, other], startAt, seed: 1 })
    await using worker = manualScheduler({ jobs: [hourly, other], seed: 2, clock: idle.clock, store: idle.scheduler.store })
    await idle.clock.until(idle.scheduler.start({ only: [other] }), 60_000)
    await idle.advance('1h')
    expect(source.calls).toEqual([])

    await idle.clock.until(worker.scheduler.start({ only: [hourly] }), 60_000)
    await idle.advance('1m')
    expect(new Set(source.calls.flat()).size).toBe(24)
    source.calls.length = 0
    const backfill = await idle.scheduler.backfill('hourly', { last: '6h', concurrency: 2 })
    await idle.advance('1m')
    expect(await backfill.progress()).toMatchObject({ state: 'finished', done: 6 })
    const [run] = await worker.scheduler.runs.find({ job: 'hourly#backfill' })
    expect(run?.attempts.at(-1)?.owner).toBe((await worker.scheduler.health()).owner)
  })
})

describe('runOnStart', () => {
  it('is one sweep per deploy, whatever was refreshed before', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh, { runOnStart: true, lookback: 2, live: true })
    const first = manualScheduler({ jobs: [hourly], startAt: '2026-03-01T04:30:00Z' })
    await first.start()
    await first.advance('1m')
    expect(await first.scheduler.runs.find({ job: 'hourly' })).toContainEqual(expect.objectContaining({ trigger: 'start' }))
    expect(new Set(source.calls.flat()).size).toBe(5)
    await first.stop()
    source.calls.length = 0
    const starts = async (): Promise<number> =>
      (await first.scheduler.runs.find({ job: 'hourly' })).filter(({ trigger }) => trigger === 'start').length

    const replica = manualScheduler({ jobs: [hourly], clock: first.clock, store: first.scheduler.store, seed: 2 })
    await replica.start()
    await replica.advance('1m')
    expect(await starts()).toBe(1)
    await replica.stop()

    await first.clock.advance(10 * 60_000)
    const later = manualScheduler({ jobs: [hourly], clock: first.clock, store: first.scheduler.store, seed: 3 })
    await later.start()
    await later.advance('1s')
    expect(await starts()).toBe(2)
    expect(new Set(source.calls.flat())).toEqual(new Set([at('02:00:00'), at('03:00:00'), at('04:00:00')]))
    await later.stop()
  })
})

describe('windows', () => {
  it('lists what has something to tell, however much lies between that has not', async () => {
    const hours = 1_200
    const start = Date.parse('2026-01-01T00:00:00Z')
    const [first, last] = [start, start + (hours - 1) * 3_600_000]
    const hourly = defineRollup({
      name: 'hourly',
      grain: 'hour',
      start: new Date(start),
      grace: 0,
      retry: { retries: 0 },
      refresh: ({ windows }) => {
        if (windows.some(({ start: at }) => [first, last].includes(at.getTime()))) throw new Error('no')
      },
    })
    await using manual = manualScheduler({ jobs: [hourly], startAt: new Date(start + hours * 3_600_000 + 60_000).toISOString() })
    await manual.start()
    await manual.advance('5m')
    const starts = async (limit: number) => (await manual.scheduler.rollups.windows(hourly, { limit })).map(({ start: at }) => at.getTime())
    expect(await starts(2)).toEqual([first, last])
    expect(await starts(1)).toEqual([first])
    expect(await starts(10_000)).toEqual([first, last])
  })
})

describe('retire', () => {
  it('ends a rollup that left the code, with its backfills and what is known of its windows', async () => {
    const source = createSource()
    const hourly = hourlyOf(source.refresh)
    const manual = manualScheduler({ jobs: [hourly], startAt: '2026-03-01T05:30:00Z' })
    await manual.start()
    await manual.advance('1m')
    await expect(manual.scheduler.retire('hourly')).rejects.toMatchObject({ code: 'JobInUse' })
    await manual.stop()
    const without = manualScheduler({ jobs: [], clock: manual.clock, store: manual.scheduler.store })
    await without.start()
    await without.scheduler.mark('hourly', at('01:30:00'))
    await without.scheduler.retire('hourly')
    expect((await without.scheduler.store.windows?.state({ rollups: [{ rollup: 'hourly', limit: 1 }] }))?.states).toEqual([null])
    await expect(without.scheduler.retire('hourly#backfill')).rejects.toMatchObject({ code: 'UnknownJob' })
    await without.stop()
  })

  /** A store of which one verb fails, before it does anything. */
  function failing(store: Store, part: 'schedules' | 'windows', verb: string): Store {
    const broken = async (): Promise<never> => Promise.reject(new Error('the process dies here'))
    return { ...store, [part]: { ...store[part], [verb]: broken } }
  }

  it.each([
    ['windows', 'forget', true],
    ['schedules', 'retire', false],
  ] as const)('can be asked for again where it ended at %s.%s, and never leaves a rollup without a job', async (part, verb, isThere) => {
    const hourly = hourlyOf(createSource().refresh)
    const manual = manualScheduler({ jobs: [hourly], startAt: '2026-03-01T05:30:00Z' })
    await manual.start()
    await manual.advance('1m')
    await manual.stop()
    const { store } = manual.scheduler
    const known = async (): Promise<boolean> =>
      (await store.windows?.state({ rollups: [{ rollup: 'hourly', limit: 1 }] }))?.states[0] !== null
    const dying = manualScheduler({ jobs: [], clock: manual.clock, store: failing(store, part, verb) })
    const retiring = expect(dying.scheduler.retire('hourly')).rejects.toMatchObject({ code: 'StoreUnavailable' })
    await manual.clock.advance(60_000)
    await retiring
    expect(await known()).toBe(isThere)
    expect((await store.schedules.list({ limit: 10 })).schedules.map(({ job }) => job)).toContain('hourly')
    const without = manualScheduler({ jobs: [], clock: manual.clock, store })
    await without.scheduler.retire('hourly')
    expect(await known()).toBe(false)
    expect((await store.schedules.list({ limit: 10 })).schedules).toEqual([])
    await expect(without.scheduler.retire('hourly')).rejects.toMatchObject({ code: 'UnknownJob' })
  })

  it('forgets a rollup whose last process leaves while it is asked for', async () => {
    const hourly = hourlyOf(createSource().refresh)
    const manual = manualScheduler({ jobs: [hourly], startAt: '2026-03-01T05:30:00Z' })
    await manual.start()
    const { store } = manual.scheduler
    let forgets = 0
    const leaving: Store = {
      ...store,
      windows: {
        ...(store.windows as WindowStore),
        forget: async (request) => {
          const reply = await (store.windows as WindowStore).forget(request)
          if (forgets++ === 0) await manual.stop()
          return reply
        },
      },
    }
    await manualScheduler({ jobs: [], clock: manual.clock, store: leaving }).scheduler.retire('hourly')
    expect((await store.windows?.state({ rollups: [{ rollup: 'hourly', limit: 1 }] }))?.states).toEqual([null])
  })
})

describe('a scheduler of jobs alone', () => {
  it('refuses what needs a rollup', async () => {
    const { scheduler } = manualScheduler({ jobs: [] })
    const asked = [
      scheduler.backfill('hourly', { last: '1d' }),
      scheduler.rollups.state('hourly'),
      scheduler.rollups.windows('hourly'),
      scheduler.rollups.planBackfill('hourly', { last: '1d' }),
      scheduler.rollups.backfills({ rollup: 'hourly' }),
      scheduler.rollups.verify('hourly', { from: 0, to: 1 }),
    ]
    for (const one of asked) {
      await expect(one).rejects.toMatchObject({
        code: 'UnknownRollup',
        message: expect.stringContaining('"hourly" is not among the rollups of this scheduler (none)'),
      })
    }
    await expect(scheduler.rollups.backfill('b1')).rejects.toMatchObject({ code: 'UnknownBackfill' })
    expect(await scheduler.rollups.backfills()).toEqual([])
    expect((await scheduler.health()).rollups).toEqual([])
  })

  it('marks, and holds backfills, for those that have the rollups', async () => {
    const source = createSource()
    await using worker = manualScheduler({ jobs: [hourlyOf(source.refresh)], startAt: '2026-03-01T05:30:00Z' })
    await worker.start()
    await worker.advance('1m')
    const { scheduler: client } = manualScheduler({ jobs: [], clock: worker.clock, store: worker.scheduler.store })
    const { id } = await worker.scheduler.backfill('hourly', { from: at('01:00:00') })
    const [listed] = await client.rollups.backfills()
    expect(listed).toMatchObject({ id, rollup: 'hourly', windows: 4 })
    const held = await client.rollups.backfill(id)
    expect(await held.pause('lunch')).toBe(true)
    await worker.advance('10m')
    expect(await held.progress()).toMatchObject({ state: 'paused', reason: 'lunch' })
    expect(await held.resume()).toBe(true)
    source.calls.length = 0
    await client.mark('hourly', at('00:30:00'))
    await worker.advance('10m')
    expect(await held.progress()).toMatchObject({ state: 'finished', done: 4 })
    expect(source.calls.flat()).toContain(at('00:00:00'))
  })

  it('refuses a rollup that defineRollup did not make', () => {
    const hourly = hourlyOf(() => undefined)
    const { kind, name, policy } = hourly
    expect(() => manualScheduler({ jobs: [{ kind, name, policy }] })).toThrow(
      expect.objectContaining({
        code: 'InvalidOption',
        message: expect.stringContaining('rollup "hourly" was not made by defineRollup()'),
      }),
    )
    expect(manualScheduler({ jobs: [{ ...hourly }] }).scheduler.jobs).toHaveLength(1)
  })
})
