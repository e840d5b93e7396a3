import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSite } from './site.ts'

const isFull = process.env.QJ_TEST_TIER === 'full' || process.env.QJ_TEST_TIER === 'soak'

describe('a thundering herd', () => {
  const MANY = isFull ? 10_000 : 2_000

  it(`${MANY} schedules due at one instant, three processes: all fire exactly once, in bounded batches, shared out`, async () => {
    await using site = createSite('2026-01-01T00:30:00Z')
    const fired = new Map<string, number>()
    const byProcess = [0, 0, 0]
    const processes = byProcess.map((_, index) =>
      site.process({
        jobs: [
          defineJob({
            name: 'tenant',
            run: async ({ key }) => {
              fired.set(key, (fired.get(key) ?? 0) + 1)
              byProcess[index] = (byProcess[index] as number) + 1
              await processes[index]!.sleep(10)
            },
          }),
        ],
      }),
    )
    for (const one of processes) await one.start()
    const job = processes[0]!.scheduler.jobs[0] as never
    const settings = Array.from({ length: MANY }, (_, index) => ({ key: `tenant-${index}`, schedule: every('1h') }))
    await site.clock.until(processes[0]!.scheduler.schedules.setMany(job, settings))
    await site.clock.advance(30 * 60_000 - 1_000)
    expect(fired.size).toBe(0)
    await site.clock.advance(60_000)
    expect(fired.size).toBe(MANY)
    expect([...fired.values()].every((count) => count === 1)).toBe(true)
    expect(Math.min(...byProcess)).toBeGreaterThan(MANY / 10)
    for (const { line } of processes) {
      const batches = line.requests('schedules.fire') as { firings: unknown[] }[]
      expect(Math.max(0, ...batches.map(({ firings }) => firings.length))).toBeLessThanOrEqual(500)
    }
    expect(await site.clock.until(processes[0]!.scheduler.audit())).toMatchObject({ ok: true, proven: MANY })
  })

  it('jitter spreads it, the same way on every node, and never past the next slot', async () => {
    const started: number[] = []
    const job = defineJob({ name: 'tenant', run: () => undefined })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-01-01T00:30:00Z', concurrency: 100 })
    await manual.start()
    manual.scheduler.on('run.started', ({ at }) => started.push(at))
    const settings = Array.from({ length: 200 }, (_, index) => ({ key: `tenant-${index}`, schedule: every('1h', { jitter: '10m' }) }))
    await manual.scheduler.schedules.setMany(job, settings)
    await manual.advance('29m')
    expect(started).toEqual([])
    await manual.advance('12m')
    expect(started).toHaveLength(200)
    // No minute of the ten has more than a third of them.
    const minutes = Map.groupBy(started, (at) => Math.floor(at / 60_000))
    expect(minutes.size).toBe(10)
    expect(Math.max(...[...minutes.values()].map(({ length }) => length))).toBeLessThan(67)
    expect(manual.events.of('run.started').every(({ latenessMs }) => latenessMs < 50)).toBe(true)
  })

  it('a crowded job does not starve the others of the process', async () => {
    await using site = createSite()
    const crowd = defineJob({ name: 'a-crowd', run: () => process.sleep(100) })
    const quiet = defineJob({ name: 'z-quiet', run: () => undefined })
    const process = site.process({ jobs: [crowd, quiet], concurrency: 5 })
    await process.start()
    await site.clock.until(
      process.scheduler.triggerMany(
        crowd,
        Array.from({ length: 2_000 }, () => ({})),
      ),
    )
    const handle = await site.clock.until(process.scheduler.trigger(quiet))
    const from = site.clock.monotonic()
    await site.clock.until(handle.finished())
    // The crowd needs 40 s.
    expect(site.clock.monotonic() - from).toBeLessThan(10_000)
  })
})
