import { describe, expect, it } from 'vitest'
import { createMutex, defineJob } from '../../src/index.ts'
import { SILENT, SWALLOWED } from './line.ts'
import { createSite } from './site.ts'

describe('a lease is taken away while its handler executes', () => {
  it('an operator ends the owner: the handler is told with the next renewal, and its result is refused', async () => {
    await using site = createSite()
    let aborted: { at: number; code: unknown } | null = null
    const job = defineJob({
      name: 'long',
      run: async ({ signal }) => {
        signal.addEventListener('abort', () => {
          aborted = { at: site.clock.monotonic(), code: (signal.reason as { code?: unknown }).code }
        })
        await process.sleep(20_000)
        return 'too late'
      },
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    const { id } = await site.clock.until(process.scheduler.trigger(job))
    await site.clock.advance(2_000)
    const owner = process.events.of('scheduler.started')[0]?.owner as string
    await site.store.runs.leave({ owner })
    const takenAt = site.clock.monotonic()
    await site.clock.advance(10_000)
    expect(aborted).toMatchObject({ code: 'LeaseLost' })
    expect(aborted!.at - takenAt).toBeLessThanOrEqual(10_000)
    expect(process.events.of('lease.lost')).toHaveLength(1)
    await site.clock.advance(30_000)
    expect(process.events.of('run.stale').length).toBeGreaterThan(0)
    const run = await site.clock.until(process.scheduler.runs.get(id))
    // The process holds it again, under its new identity and a new fence.
    expect(run?.attempts.map(({ outcome }) => outcome)).not.toContain('failed')
  })

  it('a mutex released by an operator: its holder is told, and releases nothing of the next one', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [] })
    const held = createMutex(process.line.store, 'm', { clock: process.clock, lease: '9s' }).withLock(async ({ signal, fence }) => {
      const leases = [{ name: 'm', holder: 'somebody else', fence }]
      expect(await site.store.leases.release({ leases })).toEqual({ released: [false] })
      await process.sleep(20_000, signal).catch(() => undefined)
    })
    const lost = expect(held).rejects.toMatchObject({ code: 'LeaseLost' })
    await site.clock.advance(1_000)
    // The operator's tool knows holder and fence, as the store does.
    const [mine] = process.line.requests('leases.acquire') as [{ bids: { holder: string }[] }]
    const { fence } = (
      await site.store.leases.acquire({ bids: [{ name: 'm', leaseMs: 9_000, queue: false, seenFence: 0, ...mine.bids[0]! }] })
    ).replies[0] as { fence: number }
    expect(await site.store.leases.release({ leases: [{ name: 'm', holder: mine.bids[0]!.holder, fence }] })).toEqual({ released: [true] })
    let isHeld = false
    const next = createMutex(site.store, 'm', { clock: site.clock }).withLock(async () => {
      isHeld = true
      await new Promise<void>((resolve) => site.clock.setTimer(resolve, 15_000))
      isHeld = false
    })
    await site.clock.advance(5_000)
    await lost
    // The first one's release, by its old fence, changed nothing.
    expect(isHeld).toBe(true)
    expect(
      (await site.store.leases.acquire({ bids: [{ name: 'm', holder: 'late', leaseMs: 9_000, queue: false, seenFence: 0 }] })).replies[0],
    ).toMatchObject({ granted: false })
    await site.clock.until(next)
  })
})

describe('a mutex', () => {
  it('is not re-entrant: inside itself it waits for itself, and `wait` bounds that', async () => {
    await using site = createSite()
    const mutex = createMutex(site.store, 'm', { clock: site.clock })
    const outer = mutex.withLock(() => mutex.withLock(() => 'never', { wait: '5s' }))
    await expect(site.clock.until(outer)).rejects.toMatchObject({ code: 'MutexTimedOut' })
    expect(await site.clock.until(mutex.withLock(() => 'free', { wait: 0 }))).toBe('free')
  })

  it('outlasts its lease while work goes on: it is renewed', async () => {
    await using site = createSite()
    const work = createMutex(site.store, 'm', { clock: site.clock, lease: '2s' }).withLock(async ({ signal }) => {
      await new Promise<void>((resolve) => site.clock.setTimer(resolve, 60_000))
      return signal.aborted
    })
    await site.clock.advance(30_000)
    const other = createMutex(site.store, 'm', { clock: site.clock }).withLock(() => 'in', { wait: '1s' })
    const refused = expect(other).rejects.toMatchObject({ code: 'MutexTimedOut' })
    await site.clock.advance(1_500)
    await refused
    expect(await site.clock.until(work)).toBe(false)
  })

  it('a waiter that was killed is passed over', async () => {
    await using site = createSite()
    const order: string[] = []
    const holder = createMutex(site.store, 'm', { clock: site.clock }).withLock(
      () => new Promise<void>((resolve) => site.clock.setTimer(resolve, 5_000)),
    )
    await site.clock.advance(1)
    const killed = site.process({ jobs: [] })
    void createMutex(killed.line.store, 'm', { clock: killed.clock, lease: '10s' }).withLock(() => void order.push('killed'))
    await site.clock.advance(1_000)
    const last = createMutex(site.store, 'm', { clock: site.clock, lease: '10s' }).withLock(() => void order.push('last'))
    await site.clock.advance(1_000)
    killed.kill()
    await site.clock.until(Promise.all([holder, last]))
    expect(order).toEqual(['last'])
    expect(site.clock.monotonic()).toBeLessThanOrEqual(16_000)
  })

  it('gives up on a store that never answers, and leaves nothing behind', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [] })
    process.line.judge((verb) => (verb === 'leases.acquire' ? SWALLOWED : null))
    const waiting = createMutex(process.line.store, 'm', { clock: process.clock }).withLock(() => 'never', { wait: '2s' })
    await expect(site.clock.until(waiting)).rejects.toMatchObject({ code: 'StoreTimedOut' })
    expect(site.clock.monotonic()).toBeLessThanOrEqual(10_000)
    expect(site.clock.timers).toBe(0)
    expect(await site.clock.until(createMutex(site.store, 'm', { clock: site.clock }).withLock(() => 'free', { wait: 0 }))).toBe('free')
  })

  it('returns its result although the release is never answered; the lock ends with its lease', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [] })
    process.line.judge((verb) => (verb === 'leases.release' ? SILENT : null))
    const done = createMutex(process.line.store, 'm', { clock: process.clock, lease: '10s' }).withLock(() => 'done')
    expect(await site.clock.until(done)).toBe('done')
    expect(site.clock.monotonic()).toBeLessThanOrEqual(5_000)
    expect(site.clock.timers).toBe(0)
    const next = createMutex(site.store, 'm', { clock: site.clock }).withLock(() => 'next')
    expect(await site.clock.until(next)).toBe('next')
    expect(site.clock.monotonic()).toBeLessThanOrEqual(11_000)
  })
})
