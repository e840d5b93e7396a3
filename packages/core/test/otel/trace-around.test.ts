import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SkipSignal } from '../../src/engine/skip-signal.ts'
import { QuarterjackError } from '../../src/errors/quarterjack-error.ts'
import { snapshotHealth } from '../../src/health/snapshot-health.ts'
import type { RunContext } from '../../src/job/job.ts'
import { createEmitter } from '../../src/observe/emitter.ts'
import { ATTRIBUTE } from '../../src/otel/attributes.ts'
import { instrument, traceAround } from '../../src/otel/index.ts'
import type { SchedulerOptions } from '../../src/scheduler/scheduler.ts'
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
