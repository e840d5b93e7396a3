import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSite } from './site.ts'

const iso = (slot: Date | null): string => slot?.toISOString() ?? ''
const keep = { succeeded: 10_000 }

describe('a long outage', () => {
  const WEEKEND_MS = 3 * 86_400_000

  it.each([
    ['latest', 'latest' as const, 1],
    ['none', 'none' as const, 0],
    ['all', { all: true as const, limit: 50 }, 50],
    ['all, within two hours', { all: true as const, within: '2h' as const }, 100],
    ['all, within half an hour', { all: true as const, within: '30m' as const }, 30],
  ])('%s: as many runs as asked for, the rest is accounted for, and new slots go on in time', async (_, catchUp, count) => {
    const slots: string[] = []
    const job = defineJob({ name: 'minutely', schedule: every('1m'), catchUp, keep, run: ({ slot }) => void slots.push(iso(slot)) })
    const before = manualScheduler({ jobs: [job], startAt: '2026-01-02T00:00:30Z' })
    await before.start()
    await before.stop()
    await before.clock.advance(WEEKEND_MS + 15_000)
    await using after = manualScheduler({ jobs: [job], store: before.scheduler.store, clock: before.clock, seed: 2 })
    await after.start()
    await after.advance('10s')
    expect(slots).toHaveLength(count)
    expect(slots).toEqual(slots.toSorted())
    if (count > 0) expect(slots.at(-1)).toBe('2026-01-05T00:00:00.000Z')
    await after.advance('1m')
    expect(slots).toHaveLength(count + 1)
    const audit = await after.scheduler.audit()
    expect(audit).toMatchObject({ ok: true, proven: 4_321 })
    expect(audit.schedules[0]?.skipped).toEqual({ misfire: 4_320 - count })
  })

  it('a suspension is no outage: its slots are suspended ones, and none is caught up', async () => {
    const slots: string[] = []
    const job = defineJob({
      name: 'minutely',
      schedule: every('1m'),
      catchUp: { all: true },
      keep,
      run: ({ slot }) => void slots.push(iso(slot)),
    })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-01-02T00:00:30Z' })
    await manual.start()
    await manual.scheduler.suspend(job, 'the provider is down')
    await manual.advance('1d')
    await manual.scheduler.resume(job)
    await manual.advance('1m')
    expect(slots).toEqual(['2026-01-03T00:01:00.000Z'])
    const audit = await manual.scheduler.audit()
    expect(audit).toMatchObject({ ok: true, proven: 1_441 })
    expect(audit.schedules[0]?.skipped).toEqual({ suspended: 1_440 })
  })

  it('a hundred failures in a row do not stop a schedule', async () => {
    let broken = true
    let runs = 0
    const job = defineJob({
      name: 'stubborn',
      schedule: every('1m'),
      run: () => {
        runs++
        if (broken) throw new Error('down')
      },
    })
    await using manual = manualScheduler({ jobs: [job], startAt: '2026-01-02T00:00:30Z' })
    await manual.start()
    await manual.advance('101m')
    expect(runs).toBe(101)
    broken = false
    await manual.advance('1m')
    expect((await manual.scheduler.health()).jobs[0]).toMatchObject({ status: 'ok', consecutiveFailures: 0 })
  })
})

describe('history that is pruned', () => {
  it('lets no slot fire again, and the audit attests what it cannot enumerate', async () => {
    await using site = createSite()
    const slots: string[] = []
    const job = defineJob({ name: 'work', schedule: every('10s'), keep: { succeeded: 2 }, run: ({ slot }) => void slots.push(iso(slot)) })
    const first = site.process({ jobs: [job] })
    await first.start()
    await site.clock.advance(600_000)
    await site.clock.until(first.scheduler.stop())
    const second = site.process({ jobs: [job] })
    await second.start()
    await site.clock.advance(600_000)
    expect(new Set(slots).size).toBe(slots.length)
    expect(slots).toHaveLength(120)
    const audit = await site.clock.until(second.scheduler.audit())
    expect(audit.ok).toBe(true)
    expect(audit.attested).toBeGreaterThan(100)
    expect(audit.proven + audit.attested).toBe(120)
  })
})
