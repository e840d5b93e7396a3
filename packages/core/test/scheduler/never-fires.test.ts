/** Schedules without a slot to come: nothing runs, and it is said. */
import { describe, expect, it } from 'vitest'
import { at, cron, defineJob, every } from '../../src/index.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { recordLogs } from './record-logs.ts'

const noop = (): undefined => undefined

describe('a static schedule', () => {
  it.each([
    ['2020-01-01', at('2020-01-01'), 'at 2020-01-01T00:00:00.000Z lies in the past'],
    [
      'seconds',
      at(1_735_689_600),
      'at 1970-01-21T02:08:09.600Z lies in the past; instants are milliseconds, and this number looks like seconds',
    ],
    ['30 February', cron('0 0 30 2 *'), 'cron "0 0 30 2 *" has no slot to come'],
    ['an end in the past', every('1h', { end: '2025-01-01' }), 'every 1h, until 2025-01-01T00:00:00.000Z has no slot to come'],
  ])('of %s is warned of when it is registered, and degrades health', async (_, schedule, why) => {
    const { logger, warnings } = recordLogs()
    const job = defineJob({ name: 'j', schedule, run: noop })
    await using manual = manualScheduler({ jobs: [job], logger })
    await manual.start()
    expect(warnings()).toEqual([`schedule #0 of job "j" will never fire: ${why}.`])
    expect((await manual.scheduler.health()).jobs[0]).toMatchObject({
      status: 'degraded',
      why: [`schedule #0 is exhausted and has never fired: ${why}`],
    })
  })

  it('that fired is no news after a restart, and well', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const job = defineJob({ name: 'j', schedule: [at('2026-01-01T00:01:00Z'), every('1h', { key: 'x' })], run: noop })
    const changed = defineJob({ name: 'j', schedule: [at('2026-01-01T00:01:00Z'), every('2h', { key: 'x' })], run: noop })
    await using first = manualScheduler({ jobs: [job], store, clock })
    await first.start()
    await first.advance('2m')
    expect((await first.scheduler.health()).status).toBe('ok')
    await first.stop()
    const { logger, warnings } = recordLogs()
    await using second = manualScheduler({ jobs: [changed], store, clock, logger, seed: 2 })
    await second.start()
    expect(warnings()).toEqual([])
    expect((await second.scheduler.health()).status).toBe('ok')
  })
})

describe('a dynamic schedule', () => {
  it('in the past is warned of when it is set, once for all that were set together', async () => {
    const { logger, warnings } = recordLogs()
    const job = defineJob({ name: 'j', run: noop })
    await using manual = manualScheduler({ jobs: [job], logger })
    await manual.scheduler.schedules.set(job, { key: 'late', schedule: at('2025-12-31') })
    expect(warnings()).toEqual(['schedule "late" of job "j" will never fire: at 2025-12-31T00:00:00.000Z lies in the past.'])
    await manual.scheduler.schedules.set(job, { key: 'late', schedule: at('2025-12-31') })
    expect(warnings()).toHaveLength(1)
    await manual.scheduler.schedules.setMany(job, [
      { key: 'a', schedule: at('2025-12-30') },
      { key: 'b', schedule: every('1h') },
      { key: 'c', schedule: at('2025-12-30') },
    ])
    expect(warnings().slice(1)).toEqual([
      'schedule "a" of job "j" will never fire: at 2025-12-30T00:00:00.000Z lies in the past. So it is with 1 more that were set with it.',
    ])
    expect(await manual.scheduler.schedules.get(job, 'late')).toMatchObject({ state: 'exhausted' })
  })
})
