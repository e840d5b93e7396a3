/** Starting and stopping, misused: called twice, in the midst of each other, on a store that is gone. */
import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { createSite } from '../faults/site.ts'
import { REFUSED, SILENT } from '../faults/line.ts'

describe('stop', () => {
  it('in the midst of a start waits for it, and then stops', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'minutely', schedule: every('1m'), run: () => undefined })
    const process = site.process({ jobs: [job] })
    process.line.judge((verb) => (verb === 'schedules.register' ? { lands: true, answer: 'reply', outMs: 1_000 } : null))
    const starting = process.scheduler.start()
    await site.clock.advance(100)
    const stopping = process.scheduler.stop()
    await site.clock.until(Promise.allSettled([starting, stopping]))
    const { length } = process.line.calls
    await site.clock.advance(300_000)
    expect(process.events.of('run.started')).toEqual([])
    expect(process.line.calls).toHaveLength(length)
    expect(site.clock.timers).toBe(0)
  })

  it('called twice resolves twice, when it is over', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'long', run: () => process.sleep(4_000) })
    const process = site.process({ jobs: [job] })
    await process.start()
    await process.scheduler.trigger(job)
    await site.clock.advance(10)
    const order: string[] = []
    const first = process.scheduler.stop({ grace: '10s' }).then(() => order.push('first'))
    const second = process.scheduler.stop().then(() => order.push('second'))
    await site.clock.advance(1_000)
    expect(order).toEqual([])
    await site.clock.until(Promise.all([first, second]))
    expect(process.events.of('scheduler.stopped')).toHaveLength(1)
    expect(process.events.of('run.succeeded')).toHaveLength(1)
  })

  it('with a wrong grace is refused and stops nothing; the next one stops', async () => {
    const manual = manualScheduler({ jobs: [] })
    await manual.start()
    await expect(manual.scheduler.stop({ grace: 'soon' as '1s' })).rejects.toMatchObject({ code: 'InvalidDuration' })
    await expect(manual.scheduler.start()).rejects.toMatchObject({ code: 'AlreadyStarted' })
    await manual.stop()
    expect(manual.clock.timers).toBe(0)
    await manual.start()
    await manual.stop()
  })

  it('comes to its end on a store that was closed before', async () => {
    const job = defineJob({ name: 'idle', schedule: every('1h'), run: () => undefined })
    const manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await manual.scheduler.store.close()
    await expect(manual.scheduler.trigger(job)).rejects.toMatchObject({ code: 'StoreClosed' })
    await manual.stop()
    expect(manual.clock.timers).toBe(0)
    await manual.scheduler.store.open()
    await manual.start()
    await manual.stop()
    expect(manual.clock.timers).toBe(0)
  })

  it('is bounded although callers go on triggering, and the store does not answer', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', run: () => undefined })
    const process = site.process({ jobs: [job] })
    await process.start()
    process.line.judge((verb) => (verb === 'runs.enqueue' ? SILENT : null))
    let calling = true
    const refused: unknown[] = []
    const callers = (async () => {
      while (calling) {
        process.scheduler.trigger(job).catch((error: unknown) => refused.push(error))
        await process.sleep(100)
      }
    })()
    await site.clock.advance(1_000)
    const stoppedAfter = process.scheduler.stop({ grace: '1s' }).then(() => site.clock.monotonic())
    const began = site.clock.monotonic()
    await site.clock.advance(120_000)
    calling = false
    await site.clock.until(callers)
    expect((await stoppedAfter) - began).toBeLessThanOrEqual(45_000)
    await site.clock.advance(120_000)
    expect(refused.length).toBeGreaterThan(0)
  })

  it('leaves nothing behind that goes on calling a store that is down', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'j', concurrency: 5, run: ({ key }) => process.sleep(key === 'a' ? 100 : 200) })
    const process = site.process({ jobs: [job] })
    await process.start()
    await process.scheduler.trigger(job, undefined, { key: 'a' })
    await process.scheduler.trigger(job, undefined, { key: 'b' })
    process.line.all(REFUSED)
    await site.clock.advance(1_000)
    await site.clock.until(process.scheduler.stop({ grace: '1s' }))
    await site.clock.advance(60_000)
    const { length } = process.line.calls
    await site.clock.advance(60_000)
    expect(process.line.calls).toHaveLength(length)
    expect(site.clock.timers).toBe(0)
  })

  it('leaves no timer behind for a handler that never returns', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'deaf', timeout: '1h', run: () => new Promise(() => undefined) })
    const process = site.process({ jobs: [job], abortGrace: '1s' })
    await process.start()
    await process.scheduler.trigger(job)
    await site.clock.advance(10)
    const { stuck } = await site.clock.until(process.scheduler.stop({ grace: '1s' }))
    expect(stuck).toHaveLength(1)
    expect(site.clock.timers).toBe(0)
  })

  it.each(['runs.claim', 'runs.enqueue', 'schedules.fire'])(
    'begins nothing that a %s under way brings; another process has it at once',
    async (verb) => {
      await using site = createSite()
      const job = defineJob({ name: 'j', schedule: every('1m'), run: () => undefined })
      const stops = site.process({ jobs: [job], lease: '6s' })
      const stays = site.process({ jobs: [job], lease: '6s' })
      await stops.start()
      stops.line.judge((asked) => (asked === verb ? { lands: true, answer: 'reply', backMs: 2_000 } : null))
      const triggering = verb === 'runs.enqueue' ? stops.scheduler.trigger(job) : null
      if (verb === 'runs.claim') await stays.scheduler.trigger(job, undefined, { delay: 1 })
      if (verb === 'schedules.fire') await site.clock.advance(60_000)
      else await stops.scheduler.schedules.set(job, { key: 'stir', schedule: every('1h') })
      await site.clock.advance(100)
      expect(stops.line.requests(verb)).toHaveLength(1)
      const stopping = stops.scheduler.stop({ grace: '5s' })
      await stays.start()
      await site.clock.until(stopping)
      await triggering
      await site.clock.advance(1_000)
      expect(stops.events.of('run.started')).toEqual([])
      expect(stays.events.of('run.succeeded')).toMatchObject([{ attempt: 1 }])
    },
  )

  it('without a start does nothing, by whatever name', async () => {
    const manual = manualScheduler({ jobs: [] })
    expect(await manual.scheduler.stop()).toEqual({ stuck: [] })
    await manual.scheduler[Symbol.asyncDispose]()
    await manual.start()
    await manual.stop()
    expect(await manual.scheduler.stop()).toEqual({ stuck: [] })
  })
})

describe('start', () => {
  it('called twice at once starts once', async () => {
    const job = defineJob({ name: 'idle', schedule: every('1h'), run: () => undefined })
    const manual = manualScheduler({ jobs: [job] })
    const first = manual.scheduler.start()
    await expect(manual.scheduler.start()).rejects.toMatchObject({ code: 'AlreadyStarted' })
    await expect(manual.scheduler.tick()).rejects.toMatchObject({ code: 'AlreadyStarted' })
    await first
    expect((await manual.scheduler.store.runs.stats({ jobs: ['idle'] })).owners).toBe(1)
    await manual.stop()
    expect(manual.clock.timers).toBe(0)
  })
})

describe('tick', () => {
  it('rests between tries while the store fails, and ends with its budget', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'minutely', schedule: every('1m'), run: () => undefined })
    const process = site.process({ jobs: [job] })
    process.line.judge((verb) => (verb === 'schedules.due' ? REFUSED : null))
    const deferred = { count: 0 }
    const { defer } = process.clock
    ;(process.clock as { defer: typeof defer }).defer = (callback) => {
      // A turn of the event loop is not for nothing: a pass that only waits takes none.
      if (++deferred.count > 10_000) throw new Error('the event loop is spun')
      defer(callback)
    }
    const summary = await site.clock.until(process.scheduler.tick({ budget: '10s' }))
    expect(summary).toMatchObject({ fired: 0 })
    expect(deferred.count).toBeLessThan(1_000)
    expect(site.clock.timers).toBe(0)
  })

  it('ends when it is stopped', async () => {
    await using site = createSite()
    const job = defineJob({ name: 'long', run: () => process.sleep(60_000) })
    const process = site.process({ jobs: [job], abortGrace: '1s' })
    await process.scheduler.trigger(job)
    const ticking = process.scheduler.tick({ budget: '10m' })
    await site.clock.advance(2_500)
    expect(process.events.of('run.started')).toHaveLength(1)
    const began = site.clock.monotonic()
    await site.clock.until(process.scheduler.stop({ grace: '1s' }))
    await site.clock.until(ticking)
    expect(site.clock.monotonic() - began).toBeLessThan(20_000)
    expect(site.clock.timers).toBe(1) // that of the sleeping handler
  })
})
