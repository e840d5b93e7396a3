import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SkipSignal } from '../../src/engine/skip-signal.ts'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { defineJob } from '../../src/index.ts'
import { snapshotHealth } from '../../src/health/snapshot-health.ts'
import type { RunContext } from '../../src/job/job.ts'
import { createEmitter } from '../../src/observe/emitter.ts'
import { ATTRIBUTE } from '../../src/otel/attributes.ts'
import { activeTrace, instrument, traceAround } from '../../src/otel/index.ts'
import type { SchedulerOptions } from '../../src/scheduler/scheduler.ts'
import { manualScheduler } from '../../src/testing/manual-scheduler.ts'
import { facts } from '../health/facts.ts'
import { asyncContextManager, fakeMeter, fakeTracer } from './fake-telemetry.ts'

const SLOT = new Date('2026-01-01T10:00:00Z')
const CTX = { job: 'feedback', key: '', runId: 'r1', attempt: 1, slot: SLOT, trigger: 'schedule' } as RunContext
const EVENT = {
  ...CTX,
  trigger: 'schedule',
  slot: SLOT.getTime(),
  at: SLOT.getTime(),
  job: 'feedback',
  key: '',
  runId: 'r1',
  attempt: 1,
} as const

beforeAll(() => void context.setGlobalContextManager(asyncContextManager()))
afterAll(() => context.disable())

const activeSpanId = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId

describe('traceAround alone', () => {
  it('runs the handler, awaits included, inside a span that ends with it', async () => {
    const { tracer, spans } = fakeTracer()
    const around: NonNullable<SchedulerOptions['around']> = traceAround({ tracer })
    const result = await around(CTX, async () => {
      expect(activeSpanId()).toBe(spans[0]?.id)
      await new Promise((resolve) => setImmediate(resolve))
      expect(activeSpanId()).toBe(spans[0]?.id)
      expect(spans[0]?.ended).toBe(0)
      return 42
    })
    expect(result).toBe(42)
    expect(activeSpanId()).toBeUndefined()
    expect(spans).toMatchObject([
      { name: 'run feedback', ended: 1, attributes: { [ATTRIBUTE.outcome]: 'succeeded', [ATTRIBUTE.slot]: SLOT.toISOString() } },
    ])
  })

  it.each([
    ['an error', new TypeError('boom'), 'failed', 'boom'],
    ['something thrown', 'words', 'failed', 'words'],
    ['a skip', new SkipSignal('nothing new'), 'skipped', undefined],
    ['a cancel', new QuarterjackError('RunCancelled', 'by hand'), 'cancelled', undefined],
  ])('ends the span by %s, and passes it on', async (_, thrown, outcome, message) => {
    const { tracer, spans } = fakeTracer()
    await expect(traceAround({ tracer })(CTX, () => Promise.reject(thrown))).rejects.toBe(thrown)
    const status = message === undefined ? undefined : { code: SpanStatusCode.ERROR, message }
    expect(spans).toMatchObject([{ ended: 1, status, attributes: { [ATTRIBUTE.outcome]: outcome } }])
    expect(spans[0]?.exceptions).toEqual(message === undefined ? [] : [thrown])
  })

  it('never lets a broken tracer hurt a run, nor runs it twice', async () => {
    let calls = 0
    const next = async (): Promise<number> => {
      calls += 1
      return calls
    }
    const noSpans = { ...fakeTracer().tracer, startSpan: () => expect.fail('no spans') }
    expect(await traceAround({ tracer: noSpans })(CTX, next)).toBe(1)
    const { tracer } = fakeTracer()
    const noEnd = { ...tracer, startSpan: () => Object.assign(tracer.startSpan('x'), { end: () => expect.fail('no end') }) }
    expect(await traceAround({ tracer: noEnd })(CTX, next)).toBe(2)
    expect(calls).toBe(2)
  })

  it('passes on what the handler throws at once', async () => {
    const { tracer } = fakeTracer()
    const thrown = new Error('sync')
    let calls = 0
    const next = (): Promise<unknown> => {
      calls += 1
      throw thrown
    }
    await expect(traceAround({ tracer })(CTX, next)).rejects.toBe(thrown)
    expect(calls).toBe(1)
  })

  it('works without a provider', async () => {
    expect(await traceAround()(CTX, async () => 'fine')).toBe('fine')
  })
})

describe('traceAround with instrument', () => {
  it('shares one span, which lasts until the run is settled', async () => {
    const { tracer, spans } = fakeTracer()
    const around = traceAround({ tracer })
    const emitter = createEmitter()
    const undo = instrument({ on: emitter.on, health: async () => snapshotHealth(facts()) }, { around, meter: fakeMeter().meter })
    emitter.emit('run.started', { ...EVENT, latenessMs: 7 })
    await around(CTX, async () => expect(activeSpanId()).toBe(spans[0]?.id))
    expect(spans).toMatchObject([{ ended: 0, attributes: { [ATTRIBUTE.latenessMs]: 7 } }])
    emitter.emit('run.succeeded', { ...EVENT, durationMs: 5, result: null })
    expect(spans).toMatchObject([{ ended: 1, attributes: { [ATTRIBUTE.outcome]: 'succeeded' } }])
    undo()
    await around({ ...CTX, attempt: 2 }, async () => null)
    expect(spans[1]).toMatchObject({ ended: 1, attributes: { [ATTRIBUTE.outcome]: 'succeeded' } })
  })
})

describe('the trace of a trigger', () => {
  const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'

  it('is that of the active span, and null where there is none', async () => {
    expect(activeTrace()).toBe(null)
    const { tracer, spans } = fakeTracer()
    await traceAround({ tracer })(CTX, async () => {
      expect(activeTrace()).toEqual({ traceparent: `00-${'1'.repeat(32)}-${spans[0]?.id}-01` })
    })
  })

  it('is gone on with by the attempts of its run', async () => {
    const { tracer, spans } = fakeTracer()
    const trace = { traceparent: TRACEPARENT, tracestate: 'vendor=1' }
    await traceAround({ tracer })({ ...CTX, trace } as RunContext, async () => undefined)
    const [span] = spans
    expect(span?.options.root).toBe(false)
    expect(span?.parent).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 0,
      isRemote: true,
    })
    expect(span?.parent?.traceState?.get('vendor')).toBe('1')
  })

  it('is gone on with by instrument, without around', () => {
    const emitter = createEmitter()
    const { tracer, spans } = fakeTracer()
    const undo = instrument({ on: emitter.on, health: async () => snapshotHealth(facts()) }, { tracer, meter: fakeMeter().meter })
    emitter.emit('run.started', { ...EVENT, latenessMs: 0, trace: { traceparent: TRACEPARENT } })
    emitter.emit('run.started', { ...EVENT, runId: 'r2', latenessMs: 0, trace: { requestId: 'r' } })
    undo()
    expect(spans.map(({ parent }) => parent?.traceId)).toEqual(['0af7651916cd43dd8448eb211c80319c', undefined])
  })

  it('goes from a span by way of the store into the handler, and on into the next job', async () => {
    const { tracer, spans } = fakeTracer()
    const next = defineJob({ name: 'next', run: () => undefined })
    const first = defineJob({ name: 'first', run: ({ scheduler }) => scheduler.trigger(next) })
    await using manual = manualScheduler({ jobs: [first, next], around: traceAround({ tracer }), trace: activeTrace })
    await manual.start()
    const request = tracer.startSpan('request')
    await context.with(trace.setSpan(context.active(), request), () => manual.scheduler.trigger(first))
    await manual.advance('1s')
    expect(spans.map(({ name, parent }) => [name, parent?.spanId])).toEqual([
      ['request', undefined],
      ['run first', spans[0]?.id],
      ['run next', spans[1]?.id],
    ])
  })
})
