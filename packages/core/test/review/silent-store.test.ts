/** A store that gives no hints, and news only where it must: what the engine needs is no more than the contract promises. */
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { fakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { sleep } from '../../src/time/clock.ts'

const TELLS: ReadonlySet<string> = new Set(['renew', 'due', 'claim'])

function silentStore(clock: FakeClock): Store {
  const store = memoryStore({ clock })
  const hush = <Part extends 'schedules' | 'runs'>(part: Part): Store[Part] =>
    Object.fromEntries(
      Object.entries(store[part] as unknown as Record<string, (request: unknown) => Promise<object | undefined>>).map(([name, verb]) => [
        name,
        async (request: unknown) => {
          const reply = await verb(request)
          if (reply === undefined || TELLS.has(name)) return reply
          const { nextDueAt: _, nextRunAt: __, nextExpiryAt: ___, ...rest } = reply as Record<string, unknown>
          return rest
        },
      ]),
    ) as unknown as Store[Part]
  return {
    ...store,
    capabilities: { ...store.capabilities, hints: false },
    watch: () => () => undefined,
    schedules: hush('schedules'),
    runs: hush('runs'),
  }
}

describe('on a store that says little', () => {
  it('slots fire on time, retries come when they are due, and a backlog is worked off without pauses', async () => {
    const clock = fakeClock()
    const store = silentStore(clock)
    const begun: Record<string, number[]> = {}
    const note = (name: string): void => {
      begun[name] ??= []
      begun[name].push(clock.monotonic())
    }
    const slot = defineJob({ name: 'slot', schedule: every('10s'), run: () => note('slot') })
    const flaky = defineJob({
      name: 'flaky',
      retry: { retries: 3, minTimeout: '2s', factor: 1, randomize: false },
      run: () => {
        note('flaky')
        throw new Error('again')
      },
    })
    const work = defineJob({
      name: 'work',
      run: async () => {
        note('work')
        await sleep(clock, 700)
      },
    })
    const follower = defineJob({ name: 'follower', after: [work], run: () => note('follower') })
    const manual = manualScheduler({ jobs: [slot, flaky, work, follower], store, clock, concurrency: 2 })
    await manual.start()
    const from = clock.monotonic()
    await manual.scheduler.trigger(flaky)
    for (let i = 0; i < 6; i++) await manual.scheduler.trigger(work)
    await manual.advance('31s')
    await manual.stop()
    const startsOf = (name: string): number[] => (begun[name] ?? []).map((at) => at - from)
    expect(startsOf('slot')).toEqual([10_000, 20_000, 30_000])
    expect(startsOf('work').every((at, index) => at <= Math.floor(index / 2) * 700 + 700 + 100)).toBe(true)
    expect(startsOf('flaky')).toHaveLength(4)
    expect(startsOf('flaky').every((at, index) => at <= index * 2_000 + 1_500)).toBe(true)
    expect(startsOf('follower').length).toBeGreaterThan(0)
    expect(startsOf('follower')[0]).toBeLessThan(3_000)
  })

  it('a trigger that finds no room is not forgotten until the next look', async () => {
    const clock = fakeClock()
    const store = silentStore(clock)
    const begun: number[] = []
    const job = defineJob({
      name: 'j',
      run: async () => {
        begun.push(clock.monotonic())
        await sleep(clock, 1_000)
      },
    })
    const manual = manualScheduler({ jobs: [job], store, clock, concurrency: 1 })
    await manual.start()
    await manual.scheduler.trigger(job)
    await manual.advance('500ms')
    await manual.scheduler.trigger(job)
    await manual.advance('5s')
    expect(begun).toEqual([0, 1_000])
    await manual.scheduler.trigger(job, undefined, { delay: '2s' })
    await manual.advance('2500ms')
    expect(begun).toHaveLength(3)
    await manual.advance('5s')
    await manual.stop()
  })
})
