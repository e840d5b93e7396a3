/** A process that loses its identity: what belongs to the former one must neither run nor harm the next. */
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { createSite } from '../faults/site.ts'

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('an owner that the store declared dead', () => {
  it('is mourned once: a second answer that says so harms nothing of its successor', async () => {
    await using site = createSite()
    const aborted: string[] = []
    const job = defineJob({
      name: 'long',
      run: ({ signal, key }) => {
        signal.addEventListener('abort', () => aborted.push(key))
        return untilAborted(signal)
      },
    })
    const process = site.process({ jobs: [job], lease: '6s' })
    await process.start()
    await process.scheduler.trigger(job, undefined, { key: 'old' })
    await site.clock.advance(100)
    const former = (process.line.requests('runs.renew')[0] as { owner: string }).owner
    // A claim for it is answered late: by then a renewal was answered too.
    await site.store.runs.leave({ owner: former })
    process.line.judge((verb) => (verb === 'runs.claim' ? { lands: true, answer: 'reply', backMs: 2_800 } : null))
    await process.scheduler.schedules.set(job, { key: 'some', schedule: every('1h') })
    await site.clock.advance(10)
    expect((process.line.requests('runs.claim').at(-1) as { owner: string }).owner).toBe(former)
    await site.clock.advance(30_000)
    const owners = new Set((process.line.requests('runs.renew') as { owner: string }[]).map(({ owner }) => owner))
    expect(owners.size).toBe(2)
    expect(process.events.of('lease.lost')).toHaveLength(1)
    expect(aborted).toEqual(['old'])
    expect((await site.store.runs.stats({ jobs: ['long'] })).owners).toBe(1)
  })

  it('starts nothing that was claimed for it before, whenever the reply comes', async () => {
    await using site = createSite()
    const begun: string[] = []
    const job = defineJob({
      name: 'long',
      run: ({ signal, key, fence }) => {
        begun.push(`${key} ${fence}`)
        return untilAborted(signal)
      },
    })
    const process = site.process({ jobs: [job], lease: '6s' })
    const client = site.process({ jobs: [job] })
    await process.start()
    await process.scheduler.trigger(job, undefined, { key: 'held' })
    await site.clock.advance(1_900)
    const former = (process.line.requests('runs.renew')[0] as { owner: string }).owner
    await client.scheduler.trigger(job, undefined, { key: 'late', delay: 1 })
    process.line.judge((verb) => (verb === 'runs.claim' ? { lands: true, answer: 'reply', backMs: 2_800 } : null))
    await site.clock.advance(10)
    expect(process.line.requests('runs.claim').length).toBeGreaterThan(0)
    await site.store.runs.leave({ owner: former })
    await site.clock.advance(500)
    process.line.judge(null)
    await site.clock.advance(20_000)
    expect(begun.filter((one) => one.startsWith('late'))).toHaveLength(1)
    expect(process.events.of('run.stale')).toHaveLength(1) // that of `held`
  })
})

describe('a stop while a renewal is under way', () => {
  it('leaves no owner behind', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'idle', run: () => undefined })
    const process = site.process({ jobs: [job], lease: '6s' })
    await process.start()
    process.line.judge((verb) => (verb === 'runs.renew' ? { lands: true, answer: 'reply', outMs: 2_000 } : null))
    const before = process.line.requests('runs.renew').length
    while (process.line.requests('runs.renew').length === before) await site.clock.advance(100)
    await site.clock.until(process.scheduler.stop())
    const asked = process.line.requests('runs.renew').length
    await site.clock.advance(10_000)
    expect((await site.store.runs.stats({ jobs: ['idle'] })).owners).toBe(0)
    expect(process.line.requests('runs.renew')).toHaveLength(asked)
    expect(await site.store.schedules.retire({ jobs: ['idle'] })).toEqual({ replies: ['retired'] })
  })
})

describe('a cancel while a renewal is under way', () => {
  it('is learned at once, though that renewal does not know of it yet', async () => {
    await using site = createSite()
    let abortedAt: number | null = null
    const job = defineJob({
      name: 'long',
      run: ({ signal }) => {
        signal.addEventListener('abort', () => {
          abortedAt = site.clock.monotonic()
        })
        return untilAborted(signal)
      },
    })
    const process = site.process({ jobs: [job] })
    await process.start()
    const handle = await process.scheduler.trigger(job)
    process.line.judge((verb) => (verb === 'runs.renew' ? { lands: true, answer: 'reply', backMs: 1_000 } : null))
    const before = process.line.requests('runs.renew').length
    while (process.line.requests('runs.renew').length === before) await site.clock.advance(100)
    process.line.judge(null)
    const cancelledAt = site.clock.monotonic()
    await process.scheduler.runs.cancel(handle.id)
    await site.clock.advance(20_000)
    expect(abortedAt).not.toBeNull()
    expect(Number(abortedAt) - cancelledAt).toBeLessThanOrEqual(1_000)
  })
})

describe('an owner that left before its first renewal arrived', () => {
  it('does not come to life with it', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: () => undefined })
    const process = site.process({ jobs: [job] })
    // Each renewal is given up before it arrives.
    process.line.judge((verb) => (verb === 'runs.renew' ? { lands: true, answer: 'reply', outMs: 60_000 } : null))
    await expect(site.clock.until(process.scheduler.start())).rejects.toMatchObject({ code: 'StoreTimedOut' })
    await site.clock.advance(70_000)
    expect((await site.store.runs.stats({ jobs: ['j'] })).owners).toBe(0)
  })
})

describe('a renewal of a former owner that is answered late', () => {
  it('says nothing about the next one, which makes itself known at once', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: ({ signal }) => untilAborted(signal) })
    const process = site.process({ jobs: [job], lease: '6s' })
    await process.start()
    await process.scheduler.trigger(job)
    process.line.judge((verb) => (verb === 'runs.renew' ? { lands: true, answer: 'reply', backMs: 1_000 } : null))
    const before = process.line.requests('runs.renew').length
    while (process.line.requests('runs.renew').length === before) await site.clock.advance(100)
    const { owner: former } = process.line.requests('runs.renew').at(-1) as { owner: string }
    process.line.judge(null)
    await site.store.runs.leave({ owner: former })
    await site.clock.advance(100)
    expect(process.line.requests('runs.claim')).toContainEqual(expect.objectContaining({ owner: former }))
    await site.clock.advance(950)
    const renewals = process.line.requests('runs.renew').slice(before + 1) as { owner: string; survived?: string; jobs?: unknown }[]
    expect(renewals).toHaveLength(1)
    expect(renewals[0]).toMatchObject({ survived: former, jobs: [{ job: 'j' }] })
    expect(renewals[0]?.owner).not.toBe(former)
  })
})
