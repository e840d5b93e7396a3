import { describe, expect, it } from 'vitest'
import { defineJob, every } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

describe('replicas on one store', () => {
  it('fire each slot once between them', async () => {
    const slots: string[] = []
    const job = defineJob({
      name: 'shared',
      schedule: every('1s'),
      overlap: 'allow',
      run: ({ slot }) => void slots.push(slot?.toISOString() ?? ''),
    })
    await using a = manualScheduler({ jobs: [job], seed: 1 })
    await using b = manualScheduler({ jobs: [job], seed: 2, store: a.scheduler.store, clock: a.clock })
    await using c = manualScheduler({ jobs: [job], seed: 3, store: a.scheduler.store, clock: a.clock })
    for (const replica of [a, b, c]) await replica.start()
    await a.advance('2m')
    expect(slots).toHaveLength(120)
    expect(new Set(slots).size).toBe(120)
    expect((await a.scheduler.audit()).violations).toEqual([])
  })

  it('gives work back on a clean stop without burning an attempt', async () => {
    const attempts: [string, number][] = []
    const job = defineJob({
      name: 'long',
      run: ({ attempt, signal }) => {
        attempts.push(['started', attempt])
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
    })
    await using a = manualScheduler({ jobs: [job], seed: 1 })
    await using b = manualScheduler({ jobs: [job], seed: 2, store: a.scheduler.store, clock: a.clock })
    await a.start()
    const handle = await a.scheduler.trigger(job)
    await a.advance('1s')
    await b.start()
    const stopping = a.scheduler.stop({ grace: '1s' })
    await a.advance('2s')
    expect(await stopping).toEqual({ stuck: [] })
    await a.advance('1s')
    expect(attempts).toEqual([
      ['started', 1],
      ['started', 1],
    ])
    expect(await b.scheduler.runs.get(handle.id)).toMatchObject({ state: 'running', attempt: 1 })
  })

  it('serve key by key when overlap is not allowed', async () => {
    let live = 0
    let most = 0
    const job = defineJob({
      name: 'tenant',
      overlap: 'queue',
      run: async () => {
        most = Math.max(most, ++live)
        await new Promise<void>((resolve) => a.clock.setTimer(() => resolve(), 1_000))
        live--
      },
    })
    await using a = manualScheduler({ jobs: [job], seed: 1 })
    await using b = manualScheduler({ jobs: [job], seed: 2, store: a.scheduler.store, clock: a.clock })
    await a.start()
    await b.start()
    for (let i = 0; i < 5; i++) {
      await a.scheduler.trigger(job, undefined, { key: 'x' })
      await b.scheduler.trigger(job, undefined, { key: 'x' })
    }
    await a.advance('30s')
    expect(most).toBe(1)
    expect(await a.scheduler.runs.find({ state: 'succeeded' })).toHaveLength(10)
  })

  it('bound a job over all processes', async () => {
    let live = 0
    let most = 0
    const job = defineJob({
      name: 'bounded',
      concurrency: 3,
      run: async () => {
        most = Math.max(most, ++live)
        await new Promise<void>((resolve) => a.clock.setTimer(() => resolve(), 1_000))
        live--
      },
    })
    await using a = manualScheduler({ jobs: [job], seed: 1 })
    await using b = manualScheduler({ jobs: [job], seed: 2, store: a.scheduler.store, clock: a.clock })
    await a.start()
    await b.start()
    await a.scheduler.triggerMany(
      job,
      Array.from({ length: 20 }, () => ({})),
    )
    await a.advance('40s')
    expect(most).toBe(3)
    expect(await a.scheduler.runs.find({ state: 'succeeded' })).toHaveLength(20) // while their requests may be repeated
    await a.advance('2m')
    expect(await a.scheduler.runs.find({ state: 'succeeded' })).toHaveLength(10) // the default of keep
    expect((await a.scheduler.audit()).violations).toEqual([])
  })
})
