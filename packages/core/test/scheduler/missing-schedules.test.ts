/** A schedule of the code whose row somebody deleted: health tells, and it is made again. */
import { describe, expect, it } from 'vitest'
import { defineJob, every, memoryStore } from '../../src/index.ts'
import type { Store } from '../../src/store/store.ts'
import { fakeClock, manualScheduler } from '../../src/testing/index.ts'
import { recordLogs } from './record-logs.ts'

const noop = (): void => {}
const job = defineJob({ name: 'j', schedule: [every('1h'), every('2h', { key: 'x' })], run: noop })

/** As if somebody had deleted the row of schedule #0. */
async function lose(store: Store): Promise<void> {
  const { jobs, schedules } = await store.schedules.load({ jobs: ['j'] })
  const [record] = jobs
  if (record === undefined) throw new Error('the job is not registered')
  const kept = schedules.filter(({ name }) => name !== '#0').map((one) => ({ ...one, asOf: one.cursor }))
  const registration = { ...record, suspended: undefined, expectedGeneration: record.generation, schedules: kept }
  await store.schedules.register({ registrations: [registration] })
}

/** Housekeeping looks at what is registered every ten rounds of about half a minute. */
const UNTIL_LOOKED = '7m'

describe('a schedule that is gone from the store', () => {
  it('is made again by a living process, and goes on with its next slot', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const { logger, warnings } = recordLogs()
    await using manual = manualScheduler({ jobs: [job], store, clock, logger })
    await manual.start()
    await manual.advance('90m')
    await lose(store)
    await manual.advance(UNTIL_LOOKED)
    expect(warnings()).toEqual(['schedules #0 were lost, and are made again'])
    expect(await manual.scheduler.health()).toMatchObject({
      status: 'ok',
      jobs: [{ status: 'ok', nextSlot: new Date(clock.now() + (120 - 97) * 60_000).toISOString() }],
    })
    expect((await manual.scheduler.audit()).violations).toEqual([])
  })

  it('is not well until then', async () => {
    const store = memoryStore({ clock: fakeClock() })
    let isLost = false
    const stats: Store['runs']['stats'] = async (request) => {
      const reply = await store.runs.stats(request)
      return isLost ? { ...reply, jobs: reply.jobs.map((one) => ({ ...one, statics: ['#x'] })) } : reply
    }
    await using manual = manualScheduler({ jobs: [job], store: { ...store, runs: { ...store.runs, stats } } })
    await manual.start()
    expect((await manual.scheduler.health()).status).toBe('ok')
    isLost = true
    expect((await manual.scheduler.health()).jobs[0]).toMatchObject({
      status: 'degraded',
      why: ['missingSchedule: the store does not have #0'],
    })
  })

  it('is made again at the next start', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const before = manualScheduler({ jobs: [job], store, clock })
    await before.start()
    await before.stop()
    await lose(store)
    await using after = manualScheduler({ jobs: [job], store, clock })
    await after.start()
    expect((await after.scheduler.health()).status).toBe('ok')
    await after.advance('61m')
    expect((await after.scheduler.runs.find({ job: 'j' })).map(({ schedule }) => schedule)).toEqual(['#0'])
  })

  it('is no fault where another version of the job, without it, is in force', async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const newer = defineJob({ name: 'j', schedule: every('3h', { key: 'only' }), run: noop })
    await using old = manualScheduler({ jobs: [job], store, clock })
    await old.start()
    await using young = manualScheduler({ jobs: [newer], store, clock })
    await young.start()
    expect((await old.scheduler.health()).jobs[0]).toMatchObject({ status: 'ok' })
    expect((await young.scheduler.health()).jobs[0]).toMatchObject({ status: 'ok' })
  })
})
