/** Definitions of several versions at once. */
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { REFUSED } from '../faults/line.ts'
import { createSite } from '../faults/site.ts'

describe('a canary that is taken back', () => {
  it('takes its definition along: the processes that stayed notice', async () => {
    await using site = createSite()
    const stays = site.process({ jobs: [defineJob({ name: 'j', schedule: every('1m'), run: () => undefined })] })
    const canary = site.process({ jobs: [defineJob({ name: 'j', schedule: every('1h'), run: () => undefined })] })
    await stays.start()
    await canary.start()
    await site.clock.advance(30 * 60_000)
    expect(stays.events.of('run.started')).toEqual([])
    await site.clock.until(canary.scheduler.stop())
    await site.clock.advance(10 * 60_000)
    const before = stays.events.of('run.started').length
    await site.clock.advance(10 * 60_000)
    expect(stays.events.of('run.started').length - before).toBe(10)
    expect((await site.clock.until(stays.scheduler.audit())).violations).toEqual([])
  })
})

describe('a job that is renamed while the former version still lives', () => {
  it('fires under its new name alone: the former version brings nothing back', async () => {
    await using site = createSite()
    const former = site.process({ jobs: [defineJob({ name: 'former', schedule: every('1m'), run: () => undefined })] })
    const next = site.process({ jobs: [defineJob({ name: 'next', renamedFrom: 'former', schedule: every('1m'), run: () => undefined })] })
    await former.start()
    await site.clock.advance(90_000)
    await next.start()
    await site.clock.advance(30 * 60_000)
    expect(former.events.of('run.started')).toHaveLength(1)
    expect(next.events.of('run.started')).toHaveLength(30)
    expect((await site.store.schedules.list({ limit: 10 })).schedules.map(({ job }) => job)).toEqual(['next'])
    expect((await site.clock.until(next.scheduler.audit())).violations).toEqual([])
  })
})

describe('a start that fails half way', () => {
  it('leaves no presence and no timer, and can be tried again', async () => {
    await using site = createSite()
    const process = site.process({ jobs: [defineJob({ name: 'j', schedule: every('1m'), run: () => undefined })] })
    process.line.judge((verb) => (verb === 'schedules.register' ? REFUSED : null))
    await expect(site.clock.until(process.scheduler.start())).rejects.toMatchObject({ code: 'StoreUnavailable' })
    expect((await site.store.runs.stats({ jobs: ['j'] })).owners).toBe(0)
    expect(site.clock.timers).toBe(0)
    process.line.judge(null)
    await process.start()
    await site.clock.advance(60_000)
    expect(process.events.of('run.started')).toHaveLength(1)
  })
})
