/** One call to the store is bounded in what it writes, whatever has gathered. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { cron, defineJob, every } from '../../src/index.ts'
import { batchLength } from '../../src/trigger/take-batch.ts'
import { createSite } from '../faults/site.ts'
import { REFUSED } from '../faults/line.ts'

describe('a batch', () => {
  it.each([
    [[], 0],
    [[1, 1, 1], 3],
    [[1, 1, 1, 1, 1], 4],
    [[6, 3, 2], 2],
    [[99, 1], 1],
    [[1, 99, 1], 1],
  ])('of %j takes %i', (sizes, expected) => {
    expect(batchLength(sizes, (size) => size, { most: 4, bytes: 10 })).toBe(expected)
  })

  it('of triggers carries a few megabytes, not hundreds of large payloads', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', payload: z.string(), run: () => undefined })
    const client = site.process({ jobs: [job] })
    const payload = 'x'.repeat(200_000)
    await client.scheduler.triggerMany(
      job,
      Array.from({ length: 100 }, () => ({ payload })),
    )
    const calls = client.line.requests('runs.enqueue') as { requests: { payload: string }[] }[]
    const sizes = calls.map(({ requests }) => requests.reduce((sum, one) => sum + one.payload.length, 0))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 1_048_576)
    expect(calls.length).toBeLessThanOrEqual(6)
  })

  it('of results as well', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', keep: { succeeded: 1_000 }, run: () => 'x'.repeat(60_000) })
    const process = site.process({ jobs: [job], concurrency: 300 })
    await process.start()
    await process.scheduler.triggerMany(
      job,
      Array.from({ length: 300 }, () => ({})),
    )
    await site.clock.advance(5_000)
    const calls = process.line.requests('runs.settle') as { settlements: { then: { result: string } }[] }[]
    const sizes = calls.map(({ settlements }) => settlements.reduce((sum, { then }) => sum + then.result.length, 0))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * 1_048_576)
    expect(await process.scheduler.runs.find({ state: 'succeeded', limit: 1_000 })).toHaveLength(300)
  })

  it('of firings is cut where many schedules owe many slots, and the rest follows', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', catchUp: { all: true, limit: 100 }, overlap: 'allow', run: () => undefined })
    const process = site.process({ jobs: [job], concurrency: 500 })
    const settings = Array.from({ length: 60 }, (_, n) => ({ key: `k${n}`, schedule: cron('* * * * *') }))
    await process.scheduler.schedules.setMany(job, settings)
    await site.clock.advance(6 * 3_600_000)
    await process.start()
    // Before history is pruned for the first time.
    await site.clock.advance(20_000)
    const calls = process.line.requests('schedules.fire') as { firings: { runs: unknown[]; skips: unknown[] }[] }[]
    const records = calls.map(({ firings }) => firings.reduce((sum, { runs, skips }) => sum + runs.length + skips.length, 0))
    expect(Math.max(...records)).toBeLessThanOrEqual(2_101)
    expect(await site.clock.until(process.scheduler.audit())).toMatchObject({ ok: true, proven: 60 * 360 })
  })
})

describe('an unreadable schedule that cannot be taken out either', () => {
  it('keeps no other from firing, and spins no loop', async () => {
    await using site = createSite()
    const late: number[] = []
    const job = defineJob({ name: 'j', schedule: every('1m'), run: ({ slot }) => void late.push(site.clock.now() - Number(slot)) })
    const process = site.process({ jobs: [job] })
    await process.start()
    const asOf = site.clock.now()
    await site.store.schedules.set({
      schedules: [
        {
          job: 'j',
          name: 'odd',
          key: 'odd',
          incarnation: '019b76da-a800-7000-8000-000000000000',
          spec: '{"kind":"moon"}',
          payload: null,
          asOf,
          nextSlot: asOf + 1_000,
          nextDueAt: asOf + 1_000,
        },
      ],
    })
    process.line.judge((verb) => (verb === 'schedules.quarantine' ? REFUSED : null))
    // A look that fires nothing is followed by a pause of a second at most, wherever in it the slot falls.
    await site.clock.advance(5 * 60_000 + 1_100)
    expect(late).toHaveLength(5)
    expect(Math.max(...late)).toBeLessThan(1_100)
    expect(process.line.calls.filter(({ verb }) => verb === 'schedules.due').length).toBeLessThan(1_000)
    process.line.judge(null)
    await site.clock.advance(5_000)
    expect(process.events.of('schedule.quarantined')).toHaveLength(1)
  })
})
