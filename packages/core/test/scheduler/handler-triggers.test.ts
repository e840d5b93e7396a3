/** Handlers that start other jobs, and know which attempt is their last. */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineJob, type Logger, type RunContext } from '../../src/index.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'

const retry = { retries: 2, minTimeout: '1s', randomize: false } as const
const child = defineJob({ name: 'child', payload: z.object({ n: z.number() }), run: ({ payload }) => payload.n * 2 })

/** A job whose handler is what the test says, beside the child. */
function parentOf(run: (ctx: RunContext) => unknown) {
  const parent = defineJob({ name: 'parent', retry, run })
  return { parent, manual: manualScheduler({ jobs: [parent, child], logger: false }) }
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'fine',
    (error: { readonly code?: string }) => error.code,
  )

describe('ctx.scheduler', () => {
  it('triggers other jobs, whose results can be waited for', async () => {
    const { parent, manual } = parentOf(async ({ scheduler }) => {
      const { trigger } = scheduler
      const one = await trigger(child, { n: 4 }, { key: 'k' })
      const many = await scheduler.triggerMany(child, [{ payload: { n: 1 } }, { payload: { n: 2 } }])
      return Promise.all([one, ...many].map((handle) => handle.finished()))
    })
    await using _ = manual
    await manual.start()
    expect(await manual.finish(await manual.scheduler.trigger(parent))).toEqual([8, 2, 4])
  })

  it('carries the trace of the run, over every generation and to jobs that come after', async () => {
    const seen: Record<string, unknown> = {}
    const note = ({ job, trace }: Pick<RunContext, 'job' | 'trace'>): void => {
      seen[job] = trace
    }
    const last = defineJob({ name: 'last', after: [child], run: note })
    const middle = defineJob({
      name: 'middle',
      run: async (ctx) => {
        note(ctx)
        await ctx.scheduler.trigger(child, { n: 1 })
      },
    })
    const first = defineJob({
      name: 'first',
      run: async (ctx) => {
        note(ctx)
        await ctx.scheduler.trigger(middle)
      },
    })
    await using manual = manualScheduler({ jobs: [first, middle, last, child] })
    await manual.start()
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1', requestId: 'r-1' }
    await manual.scheduler.trigger(first, undefined, { trace })
    await manual.advance('1s')
    expect(seen).toEqual({ first: trace, middle: trace, last: trace })
    const runs = await manual.scheduler.runs.find()
    expect(runs.map((run) => [run.job, run.trace])).toEqual(['last', 'child', 'middle', 'first'].map((job) => [job, trace]))
  })

  it('once: all attempts of a run make one run of (job, key), or one per name', async () => {
    const outcomes: string[] = []
    const { parent, manual } = parentOf(async ({ attempt, scheduler }) => {
      for (const options of [{ once: true }, { once: true, key: 'k' }, { once: 'second' }, { once: true }, { once: false }])
        outcomes.push((await scheduler.trigger(child, { n: attempt }, options)).outcome)
      const items = [
        { payload: { n: 1 }, once: 'many' },
        { payload: { n: 2 }, once: true },
      ]
      for (const { outcome } of await scheduler.triggerMany(child, items)) outcomes.push(outcome)
      if (attempt < 2) throw new Error('later')
    })
    await using _ = manual
    await manual.start()
    await manual.finish(await manual.scheduler.trigger(parent))
    const created = ['created', 'created', 'created', 'duplicate', 'created', 'created', 'duplicate']
    const again = ['duplicate', 'duplicate', 'duplicate', 'duplicate', 'created', 'duplicate', 'duplicate']
    expect(outcomes).toEqual([...created, ...again])
    outcomes.length = 0
    await manual.finish(await manual.scheduler.trigger(parent))
    expect(outcomes, 'another run').toEqual([...created, ...again])
  })

  it('refuses what does not fit, as the scheduler does', async () => {
    const refusals: unknown[] = []
    const stranger = defineJob({ name: 'stranger', run: () => undefined })
    const { parent, manual } = parentOf(async ({ scheduler }) => {
      const untyped = scheduler.trigger as (...args: unknown[]) => Promise<unknown>
      for (const args of [
        [stranger],
        [child, { n: '1' }],
        [child, { n: 1 }, { once: 7 }],
        [child, { n: 1 }, { once: '' }],
        [child, { n: 1 }, { once: true, idempotencyKey: 'x' }],
        [child, { n: 1 }, { trace: { traceparent: 'x' } }],
        [child, { n: 1 }, { trace: 'x' }],
        [child, { n: 1 }, { trace: { constructor: 'x' } }],
        [child, { n: 1 }, { onec: true }],
      ])
        refusals.push(await codeOf(untyped(...args)))
    })
    await using _ = manual
    await manual.start()
    await manual.finish(await manual.scheduler.trigger(parent))
    expect(refusals).toEqual(['UnknownJob', 'PayloadInvalid', ...Array.from({ length: 7 }, () => 'InvalidOption')])
    // Outside of a run there is no run to derive a key from.
    const outside = manual.scheduler.trigger as (...args: unknown[]) => Promise<unknown>
    expect(await codeOf(outside(child, { n: 1 }, { once: true }))).toBe('InvalidOption')
    expect(await manual.scheduler.runs.find({ job: child })).toEqual([])
  })
})

describe('ctx.trace', () => {
  const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  it('is what the scheduler’s option says at the trigger, and what the trigger says before that', async () => {
    const seen: unknown[] = []
    let active: unknown = { traceparent: TRACEPARENT, tracestate: 'a=1' }
    const job = defineJob({ name: 'job', run: ({ trace }) => void seen.push(trace) })
    const trace = () => {
      if (active instanceof Error) throw active
      return active as null
    }
    await using manual = manualScheduler({ jobs: [job], trace })
    await manual.start()
    const trigger = async (given?: { requestId?: string; traceparent?: string }): Promise<void> => {
      await manual.finish(await manual.scheduler.trigger(job, undefined, given === undefined ? {} : { trace: given }))
    }
    await trigger()
    await trigger({ requestId: 'r1' })
    const other = TRACEPARENT.replace('0af', '1af')
    await trigger({ traceparent: other })
    for (const useless of [
      null,
      undefined,
      7,
      'x',
      { traceparent: 'x', requestId: 'no\nline' },
      { tracestate: 'alone' },
      new Error('broken'),
    ]) {
      active = useless
      await trigger()
    }
    expect(seen).toEqual([
      { traceparent: TRACEPARENT, tracestate: 'a=1' },
      { traceparent: TRACEPARENT, tracestate: 'a=1', requestId: 'r1' },
      { traceparent: other },
      ...Array.from({ length: 7 }, () => null),
    ])
  })

  it('is the same for all attempts and for replays, is told when the run starts, and names the request in the log', async () => {
    const seen: unknown[] = []
    const children: unknown[] = []
    const quiet = (): void => undefined
    const plain: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
    const logger: Logger = {
      ...plain,
      child(fields) {
        children.push(fields)
        return plain
      },
    }
    const job = defineJob({
      name: 'job',
      retry,
      run: ({ trace, log }) => {
        seen.push(trace)
        log.info({}, 'x')
        throw new Error('no')
      },
    })
    await using manual = manualScheduler({ jobs: [job], logger })
    await manual.start()
    const { id } = await manual.scheduler.trigger(job, undefined, { trace: { requestId: 'r1' } })
    await manual.advance('1m')
    await manual.scheduler.runs.replay(id)
    await manual.advance('1m')
    expect(seen).toEqual(Array.from({ length: 6 }, () => ({ requestId: 'r1' })))
    expect(manual.events.of('run.started').map(({ trace }) => trace)).toEqual(seen)
    expect(children).toContainEqual({ job: 'job', runId: id, attempt: 3, requestId: 'r1' })
  })
})

describe('ctx.maxAttempts', () => {
  it('is the number of the last attempt', async () => {
    const seen: unknown[] = []
    const { parent, manual } = parentOf(({ attempt, maxAttempts }) => {
      seen.push([attempt, maxAttempts])
      throw new Error('no')
    })
    await using _ = manual
    await manual.start()
    await manual.scheduler.trigger(parent)
    await manual.advance('1m')
    expect(seen).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
  })

  it('moves by attempts that count for no failure', async () => {
    const seen: unknown[] = []
    const job = defineJob({
      name: 'parent',
      retry: { ...retry, retries: 1 },
      run: ({ attempt, maxAttempts }) => {
        seen.push([attempt, maxAttempts])
        throw new Error('no')
      },
    })
    await using manual = manualScheduler({ jobs: [job], logger: false })
    const { store } = manual.scheduler
    const { id } = await manual.scheduler.trigger(job)
    // Somebody else began it, and died.
    await store.runs.renew({ owner: 'other', leaseMs: 2_000, jobs: [{ job: 'parent', hash: 'x' }], started: [], progress: [] })
    await store.runs.claim({ owner: 'other', leaseMs: 2_000, limit: 1, start: 1, seenFence: 0 })
    await manual.advance('1m')
    await manual.start()
    await manual.advance('2m')
    expect(seen).toEqual([
      [2, 3],
      [3, 3],
    ])
    expect(await manual.scheduler.runs.get(id)).toMatchObject({ state: 'dead', failures: 2 })
  })
})
