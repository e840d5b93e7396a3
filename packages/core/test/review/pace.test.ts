/** The pace of a process: it neither idles while work waits, nor spins, nor hoards, nor falls behind in housekeeping. */
import { describe, expect, it } from 'vitest'
import { createLookAhead } from '../../src/engine/look-ahead.ts'
import { createLoop } from '../../src/engine/loop.ts'
import { createStoreClock } from '../../src/engine/store-clock.ts'
import { createWakes } from '../../src/engine/wakes.ts'
import { defineJob, every } from '../../src/index.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { createSite } from '../faults/site.ts'

describe('a process whose permits are all taken', () => {
  it('claims the next run as soon as one ends', async () => {
    await using site = createSite()
    const begun: number[] = []
    const job = defineJob({
      name: 'j',
      run: async () => {
        begun.push(site.clock.monotonic())
        await process.sleep(1_000)
      },
    })
    const process = site.process({ jobs: [job], concurrency: 1 })
    await process.start()
    process.line.judge(() => ({ lands: true, answer: 'reply', outMs: 5, backMs: 5 }))
    const from = site.clock.monotonic()
    await site.clock.until(Promise.all([1, 2, 3].map(() => process.scheduler.trigger(job))))
    await site.clock.advance(10_000)
    // One way to learn of the first; then a settlement and a claim between two runs.
    expect(begun.map((at) => at - from)).toEqual([10, 1_030, 2_050])
  })

  it('lets no run wait for another of those that it claimed together, but for a permit', async () => {
    await using site = createSite()
    const ended: number[] = []
    let running = 0
    let most = 0
    const job = defineJob({
      name: 'j',
      run: async ({ key }) => {
        const n = Number(key)
        most = Math.max(most, ++running)
        await process.sleep(n === 0 ? 60_000 : 10)
        running--
        if (n === 5) throw new Error('no')
        ended.push(n)
      },
      retry: { retries: 0 },
    })
    const process = site.process({ jobs: [job], concurrency: 3 })
    await process.start()
    await site.clock.until(
      process.scheduler.triggerMany(
        job,
        Array.from({ length: 40 }, (_, n) => ({ key: `${n}` })),
      ),
    )
    await site.clock.advance(30_000)
    expect(ended).toEqual(Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 0 && n !== 5))
    expect(most).toBe(3)
    await site.clock.advance(60_000)
    expect(ended).toHaveLength(39)
  })

  it('hoards no runs that another process could execute', async () => {
    await using site = createSite()
    const where: string[] = []
    const make = (name: string): ReturnType<typeof defineJob> =>
      defineJob({
        name: 'j',
        keep: { succeeded: 1_000 },
        run: ({ key }) => {
          where.push(name)
          return key === 'long' ? (name === 'a' ? a : b).sleep(600_000) : undefined
        },
      })
    const jobs = { a: make('a'), b: make('b') }
    const a = site.process({ jobs: [jobs.a], concurrency: 2 })
    const b = site.process({ jobs: [jobs.b], concurrency: 2 })
    await a.start()
    // Quick ones teach it to hold many ready.
    for (let i = 0; i < 30; i++) await a.scheduler.trigger(jobs.a)
    await site.clock.advance(1_000)
    await a.scheduler.triggerMany(jobs.a, [{ key: 'long' }, { key: 'long' }])
    await site.clock.advance(100)
    await a.scheduler.triggerMany(
      jobs.a,
      Array.from({ length: 300 }, (_, n) => ({ key: n < 50 ? 'long' : '' })),
    )
    await site.clock.advance(1_000)
    const before = a.line.requests('runs.settle').length
    await site.clock.advance(5 * 60_000)
    const released = a.line.requests('runs.settle').slice(before) as { settlements: { outcome: string }[] }[]
    const given = released.flatMap(({ settlements }) => settlements).filter(({ outcome }) => outcome === 'released').length
    // What it held ready is given back once; it does not take it again and again.
    expect(given).toBeLessThanOrEqual(600)
    await b.start()
    await site.clock.advance(15_000)
    expect(where.filter((one) => one === 'b').length).toBeGreaterThan(0)
  })
})

describe('the loop', () => {
  it('shows signs of life while one turn goes on and on', async () => {
    const clock = fakeClock()
    const wakes = createWakes()
    wakes.stir()
    const loop = createLoop({
      clock,
      random: () => 0.5,
      storeClock: createStoreClock(clock),
      wakes,
      ahead: createLookAhead(0),
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      // There is always more that is due.
      fire: () => new Promise((resolve) => clock.setTimer(() => resolve(500), 1_000)),
      claim: async () => 0,
      canClaim: () => true,
      onLag: () => undefined,
    })
    loop.start()
    await clock.advance(300_000)
    expect(clock.monotonic() - loop.turnedAt).toBeLessThan(5_000)
    const stopping = loop.stop()
    await clock.until(stopping)
    expect(clock.timers).toBe(0)
  })
})

describe('housekeeping', () => {
  it('works a backlog off at a pace that keeps up with 2,000 records a second', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', schedule: every('1h'), run: () => undefined })
    let pruned = 0
    site.store.runs.prune = async ({ limit }: { limit: number }) => {
      pruned += limit
      return { pruned: limit, more: true }
    }
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(60_000)
    pruned = 0
    await site.clock.advance(60_000)
    expect(pruned).toBeGreaterThanOrEqual(120_000)
  })
})
