/** Health while runs execute: a service that works is well. */
import { describe, expect, it } from 'vitest'
import { defineJob, defineRollup, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSite } from '../faults/site.ts'
import { sleep } from '../../src/time/clock.ts'

describe('a job that is due more often than it can run', () => {
  it('every second, with a handler of 3.5 s: well at any moment', async () => {
    await using site = createSite()
    const busy = defineJob({ name: 'busy', schedule: every('1s'), run: () => sleep(site.clock, 3_500) })
    const process = site.process({ jobs: [busy] })
    await process.start()
    for (let second = 0; second < 30; second++) {
      await site.clock.advance(1_000)
      expect(await process.scheduler.health()).toMatchObject({ status: 'ok', why: [] })
    }
    expect(process.events.of('run.succeeded').length).toBeGreaterThan(5)
  })

  it('every minute, with a handler of 5 min: well in the process that runs it, and in the others', async () => {
    await using site = createSite()
    const slow = defineJob({ name: 'slow', schedule: every('1m'), run: () => sleep(site.clock, 5 * 60_000) })
    const worker = site.process({ jobs: [slow] })
    const client = site.process({ jobs: [slow] })
    await worker.start()
    for (let minute = 0; minute < 25; minute++) {
      await site.clock.advance(60_000)
      expect((await worker.scheduler.health()).status, `minute ${minute}`).toBe('ok')
      expect((await client.scheduler.health()).status, `minute ${minute}, elsewhere`).toBe('ok')
    }
    expect(worker.events.of('run.succeeded').length).toBeGreaterThan(3)
  })

  it('whose run hangs: unwell as soon as it lasts longer than its past lets expect', async () => {
    await using site = createSite()
    let isHanging = false
    const hanging = defineJob({
      name: 'hanging',
      schedule: every('1m'),
      run: ({ signal }) => sleep(site.clock, isHanging ? 1e9 : 1_000, signal),
    })
    const process = site.process({ jobs: [hanging] })
    await process.start()
    await site.clock.advance(10 * 60_000)
    isHanging = true
    await site.clock.advance(3 * 60_000)
    const health = await process.scheduler.health()
    expect(health.status).toBe('unhealthy')
    expect(health.jobs[0]?.why[0]).toMatch(/^the last success is .* old \(stale after 2 min\)$/)
  })

  it('whose bound is its own is taken at its word', async () => {
    await using site = createSite()
    const strict = defineJob({
      name: 'strict',
      schedule: every('1m'),
      health: { staleAfter: '2m' },
      timeout: '10m',
      run: () => sleep(site.clock, 5 * 60_000),
    })
    const process = site.process({ jobs: [strict] })
    await process.start()
    await site.clock.advance(4 * 60_000)
    expect((await process.scheduler.health()).status).toBe('unhealthy')
  })
})

describe('a job whose schedules begin later', () => {
  it('is counted from their start: well until then, and for as long afterwards as any other', async () => {
    await using site = createSite()
    const start = new Date(site.clock.now() + 4 * 3_600_000)
    const run = (): never => {
      throw new Error('it never succeeds')
    }
    const later = defineJob({ name: 'later', schedule: every('15m', { start }), run })
    const process = site.process({ jobs: [later] })
    await process.start()
    const stalenessAfter = async (ms: number): Promise<string | undefined> => {
      await site.clock.advance(ms)
      return (await process.scheduler.health()).jobs[0]?.why.find((why) => why.includes('stale'))
    }
    expect(await stalenessAfter(3 * 3_600_000)).toBeUndefined()
    expect(await stalenessAfter(3_600_000 + 29 * 60_000)).toBeUndefined()
    expect(await stalenessAfter(2 * 60_000)).toMatch(/^it has never succeeded/)
  })
})

describe('what the store is asked', () => {
  it('of health, once: of however many jobs and schedules', async () => {
    await using site = createSite()
    const jobs = Array.from({ length: 20 }, (_, index) => defineJob({ name: `job-${index}`, schedule: every('1m'), run: () => undefined }))
    await site.process({ jobs }).start()
    const client = site.process({ jobs })
    await client.scheduler.health()
    const before = client.line.calls.length
    await site.clock.advance(90_000)
    expect(await client.scheduler.health()).toMatchObject({ status: 'ok', jobs: jobs.map(({ name }) => ({ job: name, status: 'ok' })) })
    expect(client.line.calls.slice(before).map(({ verb }) => verb)).toEqual(['runs.stats'])
  })

  it('of health with rollups, twice: of however many', async () => {
    await using site = createSite()
    const jobs = ['a', 'b', 'c'].map((name) =>
      defineRollup({ name, grain: 'hour', start: '2025-12-31T00:00:00Z', refresh: () => undefined }),
    )
    const process = site.process({ jobs })
    await process.start()
    await site.clock.advance(90_000)
    const before = process.line.calls.length
    expect(await process.scheduler.health()).toMatchObject({ status: 'ok', rollups: jobs.map(({ name }) => ({ rollup: name })) })
    expect(process.line.calls.slice(before).map(({ verb }) => verb)).toEqual(['runs.stats', 'windows.state'])
  })

  it('for runs that execute: only when the last success is old', async () => {
    await using site = createSite()
    const slow = defineJob({ name: 'slow', schedule: every('1m'), overlap: 'allow', run: () => sleep(site.clock, 5 * 60_000) })
    const worker = site.process({ jobs: [slow] })
    const client = site.process({ jobs: [slow] })
    await worker.start()
    await site.clock.advance(90_000)
    await client.scheduler.health()
    expect(client.line.requests('runs.find')).toEqual([])
    await site.clock.advance(2 * 60_000)
    await client.scheduler.health()
    expect(client.line.requests('runs.find')).toEqual([{ job: 'slow', states: ['running'], limit: 100 }])
  })

  it('for runs that execute: not where the last one to start is the only one', async () => {
    await using site = createSite()
    const slow = defineJob({ name: 'slow', schedule: every('1m'), run: () => sleep(site.clock, 5 * 60_000) })
    const worker = site.process({ jobs: [slow] })
    const client = site.process({ jobs: [slow] })
    await worker.start()
    await site.clock.advance(4 * 60_000)
    expect(await client.scheduler.health()).toMatchObject({ status: 'ok' })
    expect(client.line.requests('runs.find')).toEqual([])
  })

  it('of a closed store: it says why, and nothing of 0 ms', async () => {
    await using manual = manualScheduler({ jobs: [defineJob({ name: 'j', run: () => undefined })] })
    await manual.start()
    await manual.scheduler.store.close()
    const { why, store } = await manual.scheduler.health()
    expect(why[0]).toMatch(/^the store refuses to work: The memory store is closed/)
    expect(store).toMatchObject({ reachable: false, error: expect.stringContaining('The memory store is closed') })
    await manual.scheduler.store.open()
  })
})
