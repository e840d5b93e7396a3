import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob, QuarterjackError } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

describe('triggers', () => {
  it('runs with the parsed payload and returns the result', async () => {
    const job = defineJob({
      name: 'sum',
      payload: z.object({ a: z.number(), b: z.number().default(2) }),
      run: ({ payload }) => payload.a + payload.b,
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const handle = await manual.scheduler.trigger(job, { a: 1 })
    expect(handle.outcome).toBe('created')
    const result: number = await manual.finish(handle)
    expect(result).toBe(3)
  })

  it('refuses a payload that does not fit, naming field and problem', async () => {
    const job = defineJob({ name: 'strict', payload: z.object({ days: z.number() }), run: () => undefined })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const refused = await manual.scheduler.trigger(job, { days: 'x' } as never).catch((error: unknown) => error)
    expect(QuarterjackError.isInstance(refused, 'PayloadInvalid')).toBe(true)
    expect(String(refused)).toMatch(/payload\.days/)
  })

  it.each([
    ['a cycle', () => Object.assign({} as Record<string, unknown>, { self: null }), 'PayloadNotSerializable'],
    ['a BigInt', () => ({ n: 1n }), 'PayloadNotSerializable'],
    ['too much', () => ({ text: 'x'.repeat(300_000) }), 'PayloadTooLarge'],
  ])('refuses %s', async (_, make, code) => {
    const job = defineJob({ name: 'any', payload: z.unknown(), run: () => undefined })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const payload = make() as Record<string, unknown>
    if ('self' in payload) payload.self = payload
    await expect(manual.scheduler.trigger(job, payload)).rejects.toMatchObject({ code })
    expect(await manual.scheduler.runs.find()).toEqual([])
  })

  it('answers the same run for the same idempotency key', async () => {
    let runs = 0
    const job = defineJob({ name: 'idem', run: () => void runs++ })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const first = await manual.scheduler.trigger(job, undefined, { idempotencyKey: 'order-1' })
    const second = await manual.scheduler.trigger(job, undefined, { idempotencyKey: 'order-1' })
    expect(second).toMatchObject({ id: first.id, outcome: 'duplicate' })
    await manual.advance('1m')
    expect(runs).toBe(1)
  })

  it('delays, and prefers higher priority', async () => {
    const order: number[] = []
    const job = defineJob({ name: 'order', concurrency: 1, payload: z.number(), run: ({ payload }) => void order.push(payload) })
    await using manual = manualScheduler({ jobs: [job] })
    const { scheduler } = manual
    await scheduler.trigger(job, 1, { delay: '10s' })
    await scheduler.trigger(job, 2, { delay: '10s', priority: 5 })
    await scheduler.trigger(job, 3, { delay: '5s', priority: -1 })
    await manual.start()
    await manual.advance('4s')
    expect(order).toEqual([])
    await manual.advance('10s')
    expect(order).toEqual([3, 2, 1])
  })

  it('makes one run of twenty concurrent debounced triggers', async () => {
    const payloads: number[] = []
    const job = defineJob({
      name: 'bounce',
      payload: z.number(),
      debounce: { wait: '5s', maxWait: '30s', merge: (a, b) => a + b },
      run: ({ payload }) => void payloads.push(payload),
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    await Promise.all([manual.advance(1), ...Array.from({ length: 20 }, () => manual.scheduler.trigger(job, 1))])
    await manual.advance('4s')
    expect(payloads).toEqual([])
    await manual.advance('2s')
    expect(payloads).toEqual([20])
  })

  it('runs once more for a trigger that arrives while the run executes', async () => {
    const started: string[] = []
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const job = defineJob({
      name: 'again',
      debounce: { wait: '1s' },
      overlap: 'queue',
      run: async ({ runId }) => {
        started.push(runId)
        await gate
      },
    })
    await using manual = manualScheduler({ jobs: [job] })
    await manual.start()
    const first = manual.scheduler.trigger(job)
    await manual.advance('2s')
    expect(started).toHaveLength(1)
    const second = manual.scheduler.trigger(job)
    await manual.advance('5s')
    expect(started).toHaveLength(1)
    open()
    await manual.advance('1s')
    expect(started).toEqual([(await first).id, (await second).id])
  })
})
