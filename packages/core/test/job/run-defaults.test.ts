/** Ready-made handlers bring defaults for their jobs, and learn its policies. */
import { describe, expect, it } from 'vitest'
import { defineJob, type RunContext } from '../../src/index.ts'
import { policyOf, withRunDefaults } from '../../src/store/index.ts'
import { manualScheduler } from '../../src/testing/index.ts'

const ready = withRunDefaults((ctx: RunContext<unknown>) => policyOf(ctx)?.timeoutMs, { timeout: '30s', retries: 3 })

describe('a handler with defaults', () => {
  it('gives them to its job', () => {
    const { policy } = defineJob({ name: 'j', run: ready })
    expect(policy).toMatchObject({ timeoutMs: 30_000, retry: { retries: 3, minTimeoutMs: 1_000, maxTimeoutMs: 300_000 } })
    expect(policy.run).toBe(ready)
  })

  it('gives way to what the job says, option by option', () => {
    const own = defineJob({ name: 'j', timeout: '5m', retry: { retries: 0 }, run: ready }).policy
    expect(own).toMatchObject({ timeoutMs: 300_000, retry: { retries: 0 } })
    const mixed = defineJob({ name: 'j', retry: { minTimeout: '2s' }, run: ready }).policy
    expect(mixed).toMatchObject({ timeoutMs: 30_000, retry: { retries: 3, minTimeoutMs: 2_000 } })
  })

  it('gives nothing to a job that only calls it, and takes nothing from others', () => {
    expect(defineJob({ name: 'j', run: (ctx) => ready(ctx) }).policy).toMatchObject({ timeoutMs: null, retry: { retries: 0 } })
    expect(defineJob({ name: 'j', run: () => 1 }).policy).toMatchObject({ timeoutMs: null, retry: { retries: 0 } })
  })

  it('learns the policies of its job from the context, however it is called', async () => {
    const direct = defineJob({ name: 'direct', timeout: '5m', run: ready })
    const called = defineJob({ name: 'called', timeout: '7s', run: (ctx) => ready({ ...ctx, signal: ctx.signal, log: ctx.log }) })
    const without = defineJob({ name: 'without', run: (ctx) => ready(ctx) })
    await using manual = manualScheduler({ jobs: [direct, called, without] })
    await manual.start()
    const results = []
    for (const job of [direct, called, without]) results.push(await manual.finish(await manual.scheduler.trigger(job)))
    expect(results).toEqual([300_000, 7_000, null])
    expect(policyOf({} as RunContext)).toBeNull()
  })
})
