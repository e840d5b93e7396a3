/** Claims whose reply was lost: leased to a process that does not know of them. */
import { describe, expect, it } from 'vitest'
import { at, defineJob } from '../../src/index.ts'
import { createSite } from '../faults/site.ts'
import { LOST_REPLY, REFUSED, SILENT, type Fault } from '../faults/line.ts'

const SLOW: Fault = { lands: true, answer: 'reply', outMs: 50, backMs: 50 }

function onlyFirst(fault: Fault, verb: string): (asked: string) => Fault | null {
  let used = false
  return (asked) => {
    if (asked !== verb || used) return null
    used = true
    return fault
  }
}

describe('a run whose claim was never heard of', () => {
  it('is found although the process is claiming all the time', async () => {
    await using site = createSite()
    const begun: string[] = []
    const job = defineJob({ name: 'lost', run: ({ runId }) => void begun.push(runId) })
    const noise = defineJob({ name: 'noise', run: () => process.sleep(150) })
    const process = site.process({ jobs: [job, noise], lease: '6s' })
    await process.start()
    process.line.judge(onlyFirst(LOST_REPLY, 'runs.enqueue'))
    const { id } = await site.clock.until(process.scheduler.trigger(job))
    expect(begun).toEqual([])
    process.line.judge((verb) => (verb === 'runs.enqueue' ? SLOW : null))
    let busy = true
    const chatter = [0, 35, 70].map(async (offset) => {
      await process.sleep(offset)
      while (busy) await process.scheduler.trigger(noise)
    })
    await site.clock.advance(40_000)
    busy = false
    await site.clock.until(Promise.all(chatter))
    expect(begun).toEqual([id])
  })

  it('is not confused with one whose claim is under way', async () => {
    await using site = createSite()
    const begun: string[] = []
    const job = defineJob({
      name: 'j',
      run: async ({ key }) => {
        begun.push(key)
        await process.sleep(5_000)
      },
    })
    const process = site.process({ jobs: [job], lease: '12s' })
    await process.start()
    process.line.judge(onlyFirst(LOST_REPLY, 'runs.enqueue'))
    await site.clock.until(process.scheduler.trigger(job, undefined, { key: 'lost' }))
    process.line.judge((verb) => (verb === 'runs.held' ? { lands: true, answer: 'reply', outMs: 500, backMs: 500 } : null))
    while (process.line.requests('runs.held').length === 0) await site.clock.advance(10)
    process.line.judge((verb) => (verb === 'runs.enqueue' ? { lands: true, answer: 'reply', backMs: 2_000 } : null))
    const triggered = process.scheduler.trigger(job, undefined, { key: 'new' })
    await site.clock.advance(1)
    process.line.judge(null)
    await site.clock.until(triggered)
    await site.clock.advance(60_000)
    expect(begun.toSorted()).toEqual(['lost', 'new'])
    expect(process.events.of('run.stale')).toEqual([])
  })

  it('holds up no renewal while it cannot be given back', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: () => undefined })
    const process = site.process({ jobs: [job], lease: '6s' })
    await process.start()
    process.line.judge(onlyFirst(LOST_REPLY, 'runs.enqueue'))
    const handle = await site.clock.until(process.scheduler.trigger(job))
    process.line.judge((verb) => (verb === 'runs.settle' ? REFUSED : null))
    while (process.line.requests('runs.settle').length === 0) await site.clock.advance(100)
    const before = process.line.requests('runs.renew').length
    await site.clock.advance(30_000)
    expect(process.line.requests('runs.renew').length - before).toBeGreaterThanOrEqual(4)
    process.line.judge(null)
    await site.clock.advance(20_000)
    expect(await process.scheduler.runs.get(handle.id)).toMatchObject({ state: 'succeeded', attempt: 1 })
  })
})

describe('an idle process, whose lease a claim shortens', () => {
  it.each(['schedules.fire', 'runs.claim'])('renews it sooner where the reply of %s was lost', async (verb) => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: () => undefined })
    const process = site.process({ jobs: [job], lease: '30s' })
    await process.start()
    const renewals = (): number => process.line.requests('runs.renew').length
    const before = renewals()
    while (renewals() < before + 2) await site.clock.advance(100)
    const due = new Date(site.clock.now() + 5_000)
    const other = site.process({ jobs: [job] })
    if (verb === 'runs.claim') await site.clock.until(other.scheduler.trigger(job, undefined, { runAt: due }))
    else await site.clock.until(other.scheduler.schedules.set(job, { key: 'k', schedule: at(due) }))
    let isLost = false
    // Asked again, the store is silent: nothing else tells of a claim.
    process.line.judge((asked) => {
      if (isLost) return asked === 'runs.renew' ? null : SILENT
      isLost = asked === verb
      return isLost ? LOST_REPLY : null
    })
    while (!isLost) await site.clock.advance(100)
    const known = renewals()
    await site.clock.advance(11_000)
    expect(renewals()).toBe(known + 1)
  })
})
