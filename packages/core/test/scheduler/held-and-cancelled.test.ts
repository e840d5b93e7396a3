/** Runs that are held by their id, and cancelled together. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createScheduler, defineJob, every, memoryStore, QuarterjackError, type Store } from '../../src/index.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const job = defineJob({ name: 'double', payload: z.number(), run: ({ payload }) => payload * 2 })
const other = defineJob({ name: 'other', run: () => undefined })

describe('runs.handle', () => {
  it('waits in another process than the one that triggered, before the end and after it', async () => {
    await using manual = manualScheduler({ jobs: [job] })
    const { store } = manual.scheduler
    const triggering = createScheduler({ store, jobs: [job], clock: manual.clock, logger: false })
    const { id } = await triggering.trigger(job, 4)
    const asking = createScheduler({ store, jobs: [job], clock: manual.clock, logger: false })
    const handle = await asking.runs.handle<number>(id)
    expect([handle.id, handle.outcome]).toEqual([id, 'created'])
    await manual.start()
    expect(await manual.finish(handle)).toBe(8)
    expect(await manual.finish(await asking.runs.handle(id))).toBe(8)
  })

  it('tells of a death as the handle of the trigger does', async () => {
    const fails = defineJob({
      name: 'fails',
      run: () => {
        throw new Error('server said: no.')
      },
    })
    await using manual = manualScheduler({ jobs: [fails] })
    await manual.start()
    const handle = await manual.scheduler.runs.handle((await manual.scheduler.trigger(fails)).id)
    await expect(manual.finish(handle)).rejects.toMatchObject({
      code: 'RunFailed',
      message: `Run ${handle.id} of job "fails" is dead: server said: no. Replay it with scheduler.runs.replay("${handle.id}").`,
    })
  })
})

describe('runs.cancelAll', () => {
  it('cancels what has not ended of a job, and of a key', async () => {
    await using manual = manualScheduler({ jobs: [job, other] })
    const { runs, trigger, triggerMany } = manual.scheduler
    await triggerMany(
      job,
      [1, 2, 3].map((payload) => ({ payload, key: payload === 3 ? 'k' : 'j' })),
    )
    const left = await trigger(other)
    expect(await runs.cancelAll({ job, key: 'k' }, 'wrong key')).toBe(1)
    expect(await runs.find({ job, key: 'k' })).toMatchObject([{ state: 'cancelled', reason: 'wrong key' }])
    expect(await runs.cancelAll({ job: 'double' })).toBe(2)
    expect(await runs.find({ job, key: 'j' })).toMatchObject([{ reason: 'cancelled by request' }, { state: 'cancelled' }])
    expect(await runs.cancelAll({ job })).toBe(0)
    expect(await runs.get(left.id)).toMatchObject({ state: 'pending' })
    expect(await runs.cancelAll({})).toBe(1)
  })

  it('asks what runs to stop, once, and leaves out the states that were not named', async () => {
    const long = defineJob({
      name: 'long',
      concurrency: 1,
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    })
    await using manual = manualScheduler({ jobs: [long], abortGrace: '1h' })
    await manual.start()
    const { runs, triggerMany } = manual.scheduler
    const [first] = await triggerMany(long, [{}, {}, {}])
    await manual.advance('1s')
    expect(await runs.cancelAll({ job: long, state: 'running' }, 'enough')).toBe(1)
    expect(await runs.cancelAll({ job: long, state: 'running' })).toBe(0)
    expect(await runs.cancelAll({ job: long })).toBe(2)
    await manual.advance('1m')
    expect(await runs.get(first?.id ?? '')).toMatchObject({ state: 'cancelled', reason: 'enough' })
    expect(await runs.find({ state: 'cancelled' })).toHaveLength(3)
  })

  it('goes over pages, the newest first, up to a limit', async () => {
    await using manual = manualScheduler({ jobs: [job] })
    const { runs, triggerMany } = manual.scheduler
    const made = await triggerMany(
      job,
      Array.from({ length: 450 }, (_, payload) => ({ payload })),
    )
    expect(await runs.cancelAll({ job, limit: 210 })).toBe(210)
    expect(await runs.get(made[239]?.id ?? '')).toMatchObject({ state: 'pending' })
    expect(await runs.get(made[240]?.id ?? '')).toMatchObject({ state: 'cancelled' })
    expect(await runs.cancelAll({ job, limit: 1_000 })).toBe(240)
    expect(await runs.find({ job, state: 'pending' })).toEqual([])
  })

  it('counts what was cancelled by a call whose reply was lost, and not what had ended before', async () => {
    const clock = fakeClock()
    const kept = memoryStore({ clock })
    let lost = 0
    const store: Store = {
      ...kept,
      runs: {
        ...kept.runs,
        async cancel(request) {
          const reply = await kept.runs.cancel(request)
          if (lost++ > 0) return reply
          throw new QuarterjackError('StoreUnavailable', 'the reply is lost')
        },
      },
    }
    await using manual = manualScheduler({ jobs: [job], store, clock })
    const { runs, triggerMany } = manual.scheduler
    await triggerMany(job, [{ payload: 1 }, { payload: 2 }])
    expect(await clock.until(runs.cancelAll({ job }, 'once'))).toBe(2)
    expect(lost).toBe(2)
  })
})

describe('what only the store knows', () => {
  it('is audited, previewed and suspended by who does not know its code', async () => {
    await using manual = manualScheduler({ jobs: [other] })
    await manual.start()
    const asking = createScheduler({ store: manual.scheduler.store, jobs: [], clock: manual.clock, logger: false })
    expect(await asking.audit({ job: 'other' })).toMatchObject({ ok: true })
    expect(await asking.preview('other')).toEqual([])
    expect(await asking.suspend('other', 'why')).toBe(true)
    expect(await asking.suspend('other', 'why')).toBe(false)
    await expect(asking.resume('othr')).rejects.toMatchObject({ code: 'UnknownJob' })
    await expect(asking.audit({ job: 'othr' })).rejects.toMatchObject({ code: 'UnknownJob' })
  })

  it('has schedules that are previewed one by one, however many there are', async () => {
    await using manual = manualScheduler({ jobs: [other] })
    const { schedules, preview } = manual.scheduler
    await schedules.setMany(
      other,
      Array.from({ length: 1_100 }, (_, index) => ({ key: `k-${String(index).padStart(4, '0')}`, schedule: every('1h') })),
    )
    expect(await preview(other, { schedule: 'k-1099', count: 1 })).toMatchObject([{ schedule: 'k-1099' }])
    await expect(preview(other, { schedule: 'k-1100' })).rejects.toMatchObject({ code: 'UnknownSchedule' })
  })

  it('is one schedule of the code where the store has nothing yet', async () => {
    const hourly = defineJob({ name: 'hourly', schedule: every('1h', { key: 'h' }), run: () => undefined })
    await using manual = manualScheduler({ jobs: [hourly] })
    expect(await manual.scheduler.preview(hourly, { schedule: '#h', count: 1 })).toMatchObject([{ schedule: '#h' }])
  })
})
