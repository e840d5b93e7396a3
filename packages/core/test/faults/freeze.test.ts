import { describe, expect, it } from 'vitest'
import { createMutex, defineJob, every, type QuarterjackError } from '../../src/index.ts'
import { createSite } from './site.ts'

const LEASE_MS = 30_000
const iso = (slot: Date | null): string => slot?.toISOString() ?? ''

describe('a process is frozen beyond its lease, and wakes', () => {
  it('finds its handler aborted in its first turn, and its result refused; the run belongs to another', async () => {
    await using site = createSite()
    const ended: string[] = []
    const guarded: number[] = []
    // What a user's own storage does with fences.
    let highest = 0
    const write = (fence: number): boolean => {
      if (fence < highest) return false
      highest = fence
      guarded.push(fence)
      return true
    }
    const jobFor = (by: string, sleepMs: number) =>
      defineJob({
        name: 'long',
        run: async ({ signal, fence }) => {
          const process = by === 'frozen' ? frozen : other
          // A careless handler that only looks at its signal afterwards.
          await process.sleep(sleepMs)
          ended.push(
            `${by} ${signal.aborted ? (signal.reason as QuarterjackError).code : 'fine'} ${write(fence) ? 'wrote' : 'was kept out'}`,
          )
        },
      })
    const frozen = site.process({ jobs: [jobFor('frozen', 20_000)] })
    const other = site.process({ jobs: [jobFor('other', 1_000)] })
    await frozen.start()
    await other.start()
    const { id } = await site.clock.until(frozen.scheduler.trigger(frozen.scheduler.jobs[0] as ReturnType<typeof jobFor>))
    await site.clock.advance(5_000)
    frozen.freeze()
    await site.clock.advance(LEASE_MS + 10_000)
    expect(ended).toEqual(['other fine wrote'])
    frozen.thaw()
    await site.clock.settle()
    expect(ended).toEqual(['other fine wrote', 'frozen LeaseLost was kept out'])
    expect(guarded).toHaveLength(1)
    await site.clock.advance(1_000)
    expect(frozen.events.of('lease.lost')).toMatchObject([{ runs: 1 }])
    expect(frozen.events.of('run.stale')).toMatchObject([{ runId: id }])
    expect(frozen.events.of('run.succeeded')).toEqual([])
    expect((await site.clock.until(frozen.scheduler.health())).staleResults).toBe(1)
    expect(await site.clock.until(frozen.scheduler.runs.get(id))).toMatchObject({ state: 'succeeded', attempt: 2 })
  })

  it('takes a new identity, never its old lease again, and works on', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'slots', schedule: every('10s'), run: ({ slot }) => void slots.push(iso(slot)) })
    const [frozen, other] = [site.process({ jobs: [job] }), site.process({ jobs: [] })]
    await frozen.start()
    await other.start()
    const before = (await site.clock.until(frozen.scheduler.health())).owner
    frozen.freeze()
    // Idle leases last a slow poll longer.
    await site.clock.advance(2 * LEASE_MS + 30_000)
    frozen.thaw()
    await site.clock.advance(60_000)
    const health = await site.clock.until(frozen.scheduler.health())
    expect(health.owner).not.toBe(before)
    expect(health.loopLagMs.max).toBeGreaterThanOrEqual(2 * LEASE_MS)
    expect(new Set(slots).size).toBe(slots.length)
    // The newest missed slot, then each in time.
    expect(slots).toHaveLength(7)
    expect(await site.clock.until(frozen.scheduler.audit())).toMatchObject({ ok: true, proven: 15 })
  })

  it('loses its mutex: the holder is told, and the waiter has a larger fence', async () => {
    await using site = createSite()
    const [frozen, other] = [site.process({ jobs: [] }), site.process({ jobs: [] })]
    const fences: number[] = []
    const told: boolean[] = []
    const first = createMutex(frozen.line.store, 'm', { clock: frozen.clock, lease: '10s' }).withLock(async ({ fence, signal }) => {
      fences.push(fence)
      await frozen.sleep(60_000, signal).catch(() => undefined)
      told.push(signal.aborted)
    })
    const lost = expect(first).rejects.toMatchObject({ code: 'LeaseLost' })
    await site.clock.advance(1)
    const second = createMutex(other.line.store, 'm', { clock: other.clock, lease: '10s' }).withLock(({ fence }) => void fences.push(fence))
    await site.clock.advance(5_000)
    frozen.freeze()
    await site.clock.advance(20_000)
    await second
    frozen.thaw()
    await site.clock.settle()
    await lost
    expect(told).toEqual([true])
    expect(fences[1]).toBeGreaterThan(fences[0] as number)
  })
})

describe('a handler blocks the event loop', () => {
  it('shorter than the lease: the other jobs are late, and nothing is doubled or lost', async () => {
    await using site = createSite()
    const slots: string[] = []
    const tick = defineJob({
      name: 'tick',
      schedule: every('10s'),
      misfireAfter: '1m',
      catchUp: { all: true },
      run: ({ slot }) => void slots.push(iso(slot)),
    })
    const hog = defineJob({ name: 'hog', run: () => process.freeze() })
    const process = site.process({ jobs: [tick, hog] })
    await process.start()
    await site.clock.advance(5_000)
    await site.clock.until(process.scheduler.trigger(hog))
    await site.clock.settle()
    await site.clock.advance(25_000)
    expect(slots).toEqual([])
    process.thaw()
    await site.clock.settle()
    expect(slots).toHaveLength(3)
    expect(process.events.of('run.started').filter(({ job }) => job === 'tick')[0]?.latenessMs).toBe(20_000)
    const health = await site.clock.until(process.scheduler.health())
    expect(health.loopLagMs.max).toBeGreaterThanOrEqual(10_000)
    expect(process.events.of('run.stale')).toEqual([])
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 3 })
  })
})

describe('a machine sleeps', () => {
  it('over a weekend: on waking, the newest slot runs and the others are one misfire range', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({
      name: 'minutely',
      schedule: every('1m'),
      keep: { succeeded: 100 },
      run: ({ slot }) => void slots.push(iso(slot)),
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    await site.clock.advance(90_000)
    process.freeze()
    await site.clock.advance(2 * 86_400_000)
    process.thaw()
    await site.clock.advance(2_000)
    expect(slots).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-03T00:01:00.000Z'])
    expect(process.events.of('slots.skipped')).toMatchObject([{ reason: 'misfire', count: 2_879 }])
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 2_881 })
  })
})
