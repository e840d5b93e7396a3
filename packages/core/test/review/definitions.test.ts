/** Definitions of several versions at once. */
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
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
