import { describe, expect, it } from 'vitest'
import { createMutex, defineJob, memoryStore } from '../../src/index.ts'
import type { Clock } from '../../src/time/clock.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

function setUp(): { clock: ReturnType<typeof fakeClock>; store: ReturnType<typeof memoryStore>; wait: (ms: number) => Promise<void> } {
  const clock = fakeClock()
  return { clock, store: memoryStore({ clock }), wait: (ms) => new Promise((resolve) => clock.setTimer(() => resolve(), ms)) }
}

describe('createMutex', () => {
  it('lets one in at a time, first come, first served, with growing fences', async () => {
    const { clock, store, wait } = setUp()
    const order: number[] = []
    const fences: number[] = []
    const work = [1, 2, 3, 4].map(async (n) => {
      await createMutex(store, 'm', { clock }).withLock(async ({ fence }) => {
        order.push(n)
        fences.push(fence)
        await wait(1_000)
      })
    })
    await clock.advance(30_000)
    await Promise.all(work)
    expect(order).toEqual([1, 2, 3, 4])
    expect(fences).toEqual(fences.toSorted((a, b) => a - b))
    expect(new Set(fences).size).toBe(4)
    expect(clock.timers).toBe(0)
  })

  it('gives up after wait, and leaves its place', async () => {
    const { clock, store, wait } = setUp()
    const holder = createMutex(store, 'm', { clock }).withLock(() => wait(10_000))
    await clock.advance(1)
    const late = createMutex(store, 'm', { clock }).withLock(() => 'never', { wait: '2s' })
    const refused = expect(late).rejects.toMatchObject({ code: 'MutexTimedOut' })
    await clock.advance(3_000)
    await refused
    const third = createMutex(store, 'm', { clock }).withLock(() => 'mine')
    await clock.advance(8_000)
    await holder
    expect(await third).toBe('mine')
  })

  it('renews while work goes on, and tells the holder within its trust when it cannot', async () => {
    const { clock, store, wait } = setUp()
    let silent = false
    const flaky = {
      ...store,
      leases: {
        ...store.leases,
        renew: (request: Parameters<typeof store.leases.renew>[0]) =>
          silent ? new Promise<never>(() => undefined) : store.leases.renew(request),
      },
    }
    let abortedAt: number | null = null
    const held = createMutex(flaky, 'm', { clock, lease: '10s' }).withLock(async ({ signal }) => {
      signal.addEventListener('abort', () => {
        abortedAt = clock.monotonic()
      })
      await wait(60_000)
    })
    const lost = expect(held).rejects.toMatchObject({ code: 'LeaseLost' })
    await clock.advance(25_000)
    expect(abortedAt).toBeNull()
    silent = true
    await clock.advance(40_000)
    await lost
    // The last confirmed renewal began at 23.33 s or so: trust ends 9 s later.
    expect(abortedAt).toBeGreaterThan(25_000)
    expect(abortedAt).toBeLessThanOrEqual(34_000)
  })

  it('tells a holder that froze as soon as its timers run again, with those of its own', async () => {
    const { clock, store } = setUp()
    let frozenMs = 0
    let due: (() => void)[] | null = null
    // While `due` is a list, the process stands still: what came due meanwhile runs in one turn when it goes on.
    const frozen: Clock = {
      ...clock,
      monotonic: () => clock.monotonic() + frozenMs,
      setTimer: (callback, delayMs) => clock.setTimer(() => (due === null ? callback() : due.push(callback)), delayMs),
    }
    const seen = { told: false, asked: 0 }
    const countRenewals: typeof store.leases.renew = (request) => {
      seen.asked++
      return store.leases.renew(request)
    }
    const watched = {
      ...store,
      leases: { ...store.leases, renew: countRenewals },
    }
    const held = createMutex(watched, 'm', { clock: frozen, lease: '3s' }).withLock(async ({ signal }) => {
      await new Promise<void>((resolve) => void frozen.setTimer(resolve, 500))
      await null
      seen.told = signal.aborted
    })
    await clock.advance(1)
    const frozenTimers: (() => void)[] = []
    due = frozenTimers
    await clock.advance(1_500)
    frozenMs = 10_000
    due = null
    for (const run of frozenTimers) run()
    await expect(held).rejects.toMatchObject({ code: 'LeaseLost' })
    expect(frozenTimers).toHaveLength(2)
    expect(seen).toEqual({ told: true, asked: 0 })
  })

  it('excludes jobs with the same mutex', async () => {
    const running: string[] = []
    const job = defineJob({ name: 'j', mutex: 'shared', run: () => void running.push('job') })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const { clock } = manual
    const held = createMutex(manual.scheduler.store, 'shared', { clock }).withLock(
      () => new Promise<void>((resolve) => clock.setTimer(() => resolve(), 10_000)),
    )
    await clock.advance(1)
    await manual.scheduler.trigger(job)
    await manual.advance('5s')
    expect(running).toEqual([])
    await manual.advance('6s')
    await held
    expect(running).toEqual(['job'])
  })

  it('aborts waiting on the caller’s signal', async () => {
    const { clock, store, wait } = setUp()
    const holder = createMutex(store, 'm', { clock }).withLock(() => wait(5_000))
    await clock.advance(1)
    const controller = new AbortController()
    const waiting = createMutex(store, 'm', { clock }).withLock(() => 'never', { signal: controller.signal })
    const refused = expect(waiting).rejects.toThrow('changed my mind')
    await clock.advance(1_000)
    controller.abort(new Error('changed my mind'))
    await clock.advance(5_000)
    await refused
    await holder
    expect(clock.timers).toBe(0)
  })
})
