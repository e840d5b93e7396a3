import { describe, expect, it } from 'vitest'
import { createScheduler, cron, defineJob, type Duration, every, type Job, memoryStore, type RunContext } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { recordLogs } from './record-logs.ts'

const noop = (): void => undefined

describe('the scheduler', () => {
  it('refuses two jobs of one name', () => {
    const make = () => defineJob({ name: 'twin', run: noop })
    expect(() => createScheduler({ store: memoryStore(), jobs: [make(), make()], logger: false })).toThrow(/two jobs are named "twin"/)
  })

  it('names every wrong option at once', () => {
    expect(() => createScheduler({ store: memoryStore(), jobs: [], concurrency: 0, logger: 'loud', colour: 'red' } as never)).toThrow(
      /concurrency[\s\S]*|colour/,
    )
    expect(() => defineJob({ name: 'x', run: noop, timout: '5s', retry: { retrys: 1 } } as never)).toThrow(
      /timout[\s\S]*retrys|retrys[\s\S]*timout/,
    )
    expect(() => defineJob({ name: 'has space', run: noop })).toThrow(expect.objectContaining({ code: 'InvalidName' }))
    expect(() => defineJob({ name: 'x', schedule: cron('61 * * * *'), run: noop })).toThrow(
      expect.objectContaining({ code: 'InvalidCron' }),
    )
  })

  it('starts once, stops bounded, and can be started again', async () => {
    const job = defineJob({ name: 'noop', run: noop })
    const manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await expect(manual.scheduler.start()).rejects.toMatchObject({ code: 'AlreadyStarted' })
    expect(manual.scheduler.live()).toBe(true)
    await manual.stop()
    expect((await manual.scheduler.health()).status).toBe('stopped')
    expect(manual.clock.timers).toBe(0)
    await manual.start()
    await manual.finish(await manual.scheduler.trigger(job))
    await manual.stop()
    expect(manual.clock.timers).toBe(0)
  })

  it('leaves nothing half-registered when a payload is wrong', async () => {
    const { z } = await import('zod')
    const good = defineJob({ name: 'good', schedule: every('1m'), run: noop })
    const bad = defineJob({
      name: 'bad',
      payload: z.object({ n: z.number() }),
      schedule: every('1m', { payload: { n: 'x' } }) as never,
      run: noop,
    })
    const manual = manualScheduler({ jobs: [good, bad] })
    await expect(manual.scheduler.start()).rejects.toMatchObject({ code: 'PayloadInvalid' })
    expect(await manual.scheduler.schedules.list()).toEqual([])
    expect(manual.clock.timers).toBe(0)
  })

  it('ticks once for hosts that do not stay', async () => {
    const slots: string[] = []
    const job = defineJob({
      name: 'serverless',
      schedule: every('1m'),
      catchUp: { all: true },
      run: ({ slot }) => void slots.push(slot?.toISOString() ?? ''),
    })
    const manual = manualScheduler({ jobs: [job], startAt: '2026-01-01T00:00:30Z' })
    const first = manual.scheduler.tick()
    await manual.advance('1s')
    expect(await first).toMatchObject({ fired: 0, nextWakeAt: new Date('2026-01-01T00:01:00Z') })
    await manual.advance('3m')
    const second = manual.scheduler.tick()
    await manual.advance('10s')
    expect(await second).toMatchObject({ fired: 3, succeeded: 3, failed: 0 })
    expect(slots).toHaveLength(3)
    expect(manual.clock.timers).toBe(0)
  })

  describe('passes a minute apart', () => {
    const strict = (): { job: Job<undefined, void>; slots: string[] } => {
      const slots: string[] = []
      const run = ({ slot }: RunContext): void => void slots.push(slot?.toISOString().slice(11, 16) ?? '')
      return { job: defineJob({ name: 'strict', schedule: every('1m'), catchUp: 'none', run }), slots }
    }
    const passes = async (job: Job<undefined, void>, by: Duration, options: { every?: Duration }): Promise<readonly string[]> => {
      const { logger, warnings } = recordLogs()
      const manual = manualScheduler({ jobs: [job], startAt: '2026-01-01T00:00:59Z', logger })
      for (let pass = 0; pass < 4; pass++) {
        await manual.clock.until(manual.scheduler.tick(options), 60_000)
        await manual.advance(by)
      }
      return warnings()
    }

    it('miss no slot, although each comes late', async () => {
      const { job, slots } = strict()
      expect(await passes(job, '1m', {})).toEqual([])
      expect(slots).toEqual(['00:01', '00:02', '00:03'])
    })

    it('miss what is later than they are apart, and warn of it', async () => {
      const { job, slots } = strict()
      expect(await passes(job, '1m', { every: '0s' })).toEqual(
        Array(3).fill('tick: job "strict" missed slots for good: say in every how far apart passes are'),
      )
      expect(slots).toEqual([])
    })
  })

  it('runs followers after a success, never after a failure', async () => {
    const order: string[] = []
    let broken = true
    const first = defineJob({
      name: 'first',
      run: () => {
        order.push('first')
        if (broken) throw new Error('no')
      },
    })
    const second = defineJob({ name: 'second', after: [first], run: () => void order.push('second') })
    await using manual = manualScheduler({ jobs: [first, second] })
    await manual.start()
    await manual.scheduler.trigger(first)
    await manual.advance('1s')
    expect(order).toEqual(['first'])
    broken = false
    await manual.scheduler.trigger(first)
    await manual.advance('1s')
    expect(order).toEqual(['first', 'first', 'second'])
  })

  it('catches up with the newest missed slot by default, and accounts for the others', async () => {
    const slots: string[] = []
    const job = defineJob({ name: 'minutely', schedule: cron('* * * * *'), run: ({ slot }) => void slots.push(slot?.toISOString() ?? '') })
    const a = manualScheduler({ jobs: [job], startAt: '2026-01-01T00:00:30Z' })
    await a.start()
    await a.stop()
    await a.clock.advance(3 * 86_400_000)
    await using b = manualScheduler({ jobs: [job], store: a.scheduler.store, clock: a.clock })
    await b.start()
    await b.advance('1s')
    expect(slots).toEqual(['2026-01-04T00:00:00.000Z'])
    const audit = await b.scheduler.audit()
    expect(audit.violations).toEqual([])
    expect(audit.schedules[0]).toMatchObject({ proven: 4_320, runs: 1, skipped: { misfire: 4_319 } })
  })

  it('manages dynamic schedules', async () => {
    const seen: string[] = []
    const job = defineJob({ name: 'project', run: ({ key }) => void seen.push(key) })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const { schedules } = manual.scheduler
    expect(await schedules.set(job, { key: 'p1', schedule: every('10s') })).toBe('created')
    expect(await schedules.set(job, { key: 'p1', schedule: every('10s') })).toBe('unchanged')
    await manual.advance('25s')
    expect(seen).toEqual(['p1', 'p1'])
    expect(await schedules.set(job, { key: 'p1', schedule: every('1m') })).toBe('changed')
    expect(await schedules.get(job, 'p1')).toMatchObject({ description: expect.stringContaining('1m'), kind: 'dynamic' })
    expect(await schedules.remove(job, 'p1')).toBe(true)
    await manual.advance('5m')
    expect(seen).toHaveLength(2)
  })

  it('survives listeners and loggers that throw', async () => {
    const boom = (): never => {
      throw new Error('listener')
    }
    const job = defineJob({ name: 'calm', schedule: every('10s'), run: ({ log }) => log.info({}, 'hello') })
    await using manual = manualScheduler({ jobs: [job], logger: { debug: boom, info: boom, warn: boom, error: boom } })
    manual.scheduler.on('run.succeeded', boom)
    await manual.start()
    await manual.advance('30s')
    expect(manual.events.of('run.succeeded')).toHaveLength(3)
    expect((await manual.scheduler.health()).listenerErrors).toBe(3)
  })
})
