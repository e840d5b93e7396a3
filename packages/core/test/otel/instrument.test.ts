import { readFileSync } from 'node:fs'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { snapshotHealth } from '../../src/health/snapshot-health.ts'
import { createEmitter } from '../../src/observe/emitter.ts'
import type { SchedulerEvents } from '../../src/observe/events.ts'
import { ATTRIBUTE } from '../../src/otel/attributes.ts'
import { type InstrumentedScheduler, instrument } from '../../src/otel/index.ts'
import { facts, job } from '../health/facts.ts'
import { fakeMeter, fakeTracer } from './fake-telemetry.ts'

const SLOT = Date.UTC(2026, 0, 1, 10)
const RUN = { job: 'feedback', key: 'k', runId: 'r1', trigger: 'schedule', slot: SLOT, attempt: 1, at: SLOT } as const
const ERROR = { name: 'TypeError', message: 'boom', stack: 'TypeError: boom\n    at x' }

interface Subject {
  readonly emit: ReturnType<typeof createEmitter>['emit']
  readonly errors: () => number
  readonly spans: ReturnType<typeof fakeTracer>['spans']
  readonly meter: ReturnType<typeof fakeMeter>
  readonly undo: () => void
  readonly values: (name: string) => readonly (readonly [number, ...unknown[]])[]
}

function subject(health: InstrumentedScheduler['health'] = async () => snapshotHealth(facts())): Subject {
  const emitter = createEmitter()
  const { tracer, spans } = fakeTracer()
  const meter = fakeMeter()
  const undo = instrument({ on: emitter.on, health }, { tracer, meter: meter.meter })
  const values = (name: string): readonly (readonly [number, ...unknown[]])[] =>
    (meter.recorded.get(name) ?? []).map(({ value, attributes }) => [value, ...Object.values(attributes)] as const)
  return { emit: emitter.emit, errors: emitter.listenerErrors, spans, meter, undo, values }
}

const start = (changes: Partial<SchedulerEvents['run.started']> = {}): SchedulerEvents['run.started'] => ({
  ...RUN,
  latenessMs: 250,
  trace: null,
  ...changes,
})

describe('spans', () => {
  it('last from the start of an attempt to its end', () => {
    const { emit, spans } = subject()
    emit('run.started', start())
    expect(spans).toMatchObject([{ name: 'run feedback', ended: 0, parent: undefined, options: { root: true, kind: SpanKind.CONSUMER } }])
    emit('run.succeeded', { ...RUN, durationMs: 40, result: null })
    expect(spans[0]).toMatchObject({ ended: 1, status: undefined, exceptions: [] })
    expect(spans[0]?.attributes).toEqual({
      'quarterjack.job': 'feedback',
      'quarterjack.key': 'k',
      'quarterjack.run.id': 'r1',
      'quarterjack.run.attempt': 1,
      'quarterjack.run.slot': '2026-01-01T10:00:00.000Z',
      'quarterjack.run.trigger': 'schedule',
      'quarterjack.run.lateness_ms': 250,
      'quarterjack.run.outcome': 'succeeded',
    })
  })

  it.each([
    [
      'run.retrying',
      { durationMs: 1, error: ERROR, retryAt: SLOT },
      'retrying',
      'boom',
      { [ATTRIBUTE.retryAt]: '2026-01-01T10:00:00.000Z' },
    ],
    ['run.dead', { durationMs: 1, error: ERROR, reason: 'no retries left' }, 'dead', 'boom', { [ATTRIBUTE.reason]: 'no retries left' }],
    ['run.dead', { durationMs: 1, error: null, reason: 'crashed' }, 'dead', 'the run is dead', { [ATTRIBUTE.reason]: 'crashed' }],
    ['run.cancelled', { reason: 'by hand' }, 'cancelled', undefined, { [ATTRIBUTE.reason]: 'by hand' }],
    ['run.skipped', { reason: 'nothing new' }, 'skipped', undefined, { [ATTRIBUTE.reason]: 'nothing new' }],
    ['run.released', {}, 'released', undefined, {}],
    ['run.stale', {}, 'stale', 'the result came late and was discarded', {}],
  ] as const)('%s ends them (%j)', (event, more, outcome, message, attributes) => {
    const { emit, spans, errors } = subject()
    emit('run.started', start({ slot: null }))
    emit(event, { ...RUN, ...more } as never)
    const status = message === undefined ? undefined : { code: SpanStatusCode.ERROR, message }
    expect(spans[0]).toMatchObject({ ended: 1, status, attributes: { [ATTRIBUTE.outcome]: outcome, ...attributes } })
    expect(spans[0]?.exceptions).toEqual('error' in more && more.error !== null ? [ERROR] : [])
    expect(spans[0]?.attributes).not.toHaveProperty(ATTRIBUTE.slot)
    expect(errors()).toBe(0)
  })

  it('keep attempts and runs apart', () => {
    const { emit, spans } = subject()
    emit('run.started', start())
    emit('run.started', start({ runId: 'r2' }))
    emit('run.retrying', { ...RUN, durationMs: 1, error: ERROR, retryAt: SLOT })
    emit('run.started', start({ attempt: 2 }))
    expect(spans.map(({ attributes, ended }) => [attributes[ATTRIBUTE.runId], attributes[ATTRIBUTE.attempt], ended])).toEqual([
      ['r1', 1, 1],
      ['r2', 1, 0],
      ['r1', 2, 0],
    ])
  })

  it('tell of stuck runs, and ignore ends of attempts they do not know', () => {
    const { emit, spans, errors } = subject()
    emit('run.cancelled', { ...RUN, reason: 'while pending' })
    emit('run.started', start())
    emit('run.stuck', RUN)
    expect(spans).toMatchObject([{ events: ['run.stuck'], ended: 0 }])
    expect(errors()).toBe(0)
  })

  it('end without an outcome when the scheduler stops or the instruments are taken off', () => {
    const stopped = subject()
    stopped.emit('run.started', start())
    stopped.emit('scheduler.stopped', { stuck: ['r1'] })
    expect(stopped.spans).toMatchObject([{ ended: 1, status: undefined }])
    const undone = subject()
    undone.emit('run.started', start())
    undone.undo()
    undone.undo()
    expect(undone.spans).toMatchObject([{ ended: 1 }])
    expect(undone.spans[0]?.attributes).not.toHaveProperty(ATTRIBUTE.outcome)
  })

  it('are bounded, even if attempts never end', () => {
    const { emit, spans } = subject()
    for (let index = 0; index < 10_005; index += 1) emit('run.started', start({ runId: `r${index}` }))
    expect(spans.filter(({ ended }) => ended === 0)).toHaveLength(10_000)
    expect(spans.slice(0, 5).every(({ ended }) => ended === 1)).toBe(true)
  })
})

describe('metrics', () => {
  it('count attempts by outcome, and measure duration and lateness in seconds', () => {
    const { emit, values } = subject()
    emit('run.started', start())
    emit('run.retrying', { ...RUN, durationMs: 1_500, error: ERROR, retryAt: SLOT })
    emit('run.started', start({ attempt: 2, latenessMs: 0 }))
    emit('run.succeeded', { ...RUN, attempt: 2, durationMs: 2_000, result: null })
    emit('run.cancelled', { ...RUN, reason: 'x' })
    expect(values('quarterjack.runs.ended')).toEqual([
      [1, 'feedback', 'retrying'],
      [1, 'feedback', 'succeeded'],
      [1, 'feedback', 'cancelled'],
    ])
    expect(values('quarterjack.run.duration')).toEqual([
      [1.5, 'feedback', 'retrying'],
      [2, 'feedback', 'succeeded'],
    ])
    expect(values('quarterjack.run.lateness')).toEqual([
      [0.25, 'feedback'],
      [0, 'feedback'],
    ])
  })

  it('count skipped slots and ranges, failures of the store, late results, lost leases and failed listeners', () => {
    const { emit, values } = subject()
    emit('slots.skipped', { job: 'a', schedule: '#0', reason: 'misfire', from: 0, to: 9, count: 7 })
    emit('slots.skipped', { job: 'a', schedule: '#0', reason: 'suspended', from: 0, to: 9, count: null })
    emit('store.failed', { verb: 'claim', error: ERROR, retryInMs: 5 })
    emit('run.stale', RUN)
    emit('lease.lost', { owner: 'o', runs: 2 })
    emit('listener.failed', { event: 'run.dead', error: ERROR })
    expect(values('quarterjack.slots.skipped')).toEqual([[7, 'a', 'misfire']])
    expect(values('quarterjack.skip_ranges')).toEqual([
      [1, 'a', 'misfire', true],
      [1, 'a', 'suspended', false],
    ])
    expect(values('quarterjack.store.failures')).toEqual([[1, 'claim']])
    expect(values('quarterjack.stale_results')).toEqual([[1, 'feedback']])
    expect(values('quarterjack.leases.lost')).toEqual([[1]])
    expect(values('quarterjack.listener.failures')).toEqual([[1]])
  })

  it('observe what runs, is pending and waits, by health', async () => {
    const snapshot = snapshotHealth(facts({ jobs: [job({}, { running: 1, pending: 2, waiting: 3 }), job({ job: 'b' })] }))
    const { meter } = subject(async () => snapshot)
    const observed = await meter.collect()
    const of = (name: string): unknown => observed.get(name)?.map(({ value, attributes }) => [value, attributes[ATTRIBUTE.job]])
    expect(of('quarterjack.runs.running')).toEqual([
      [1, 'feedback'],
      [0, 'b'],
    ])
    expect(of('quarterjack.runs.pending')).toEqual([
      [2, 'feedback'],
      [0, 'b'],
    ])
    expect(of('quarterjack.runs.waiting')).toEqual([
      [3, 'feedback'],
      [0, 'b'],
    ])
  })

  it('observe nothing when health cannot be had', async () => {
    const { meter } = subject(() => Promise.reject(new Error('closed')))
    expect((await meter.collect()).size).toBe(0)
  })

  it('stop when they are undone', async () => {
    const { emit, meter, undo, values } = subject()
    undo()
    emit('run.started', start())
    emit('run.succeeded', { ...RUN, durationMs: 1, result: null })
    expect(values('quarterjack.runs.ended')).toEqual([])
    expect(meter.callbacks).toBe(0)
    expect((await meter.collect()).size).toBe(0)
  })

  it('never carry keys or run ids', () => {
    const { emit, meter } = subject()
    emit('run.started', start())
    emit('run.succeeded', { ...RUN, durationMs: 1, result: null })
    const attributes = [...meter.recorded.values()].flat().flatMap((one) => Object.keys(one.attributes))
    expect(new Set(attributes)).toEqual(new Set([ATTRIBUTE.job, ATTRIBUTE.outcome]))
  })

  it('and attributes are documented by name', () => {
    const page = (name: string): string => readFileSync(new URL(`../../../../docs/${name}.md`, import.meta.url), 'utf8')
    const metrics = [...subject().meter.options.keys()]
    expect(metrics).toHaveLength(12)
    expect(metrics.filter((name) => !page('events').includes(`| \`${name}\` |`))).toEqual([])
    expect(Object.values(ATTRIBUTE).filter((name) => !page('observability').includes(`| \`${name}\` |`))).toEqual([])
  })
})

it('works with the global no-op providers', () => {
  const emitter = createEmitter()
  const undo = instrument({ on: emitter.on, health: async () => snapshotHealth(facts()) })
  emitter.emit('run.started', start())
  emitter.emit('run.dead', { ...RUN, durationMs: 1, error: ERROR, reason: 'x' })
  undo()
  expect(emitter.listenerErrors()).toBe(0)
})
