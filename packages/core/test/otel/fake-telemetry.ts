/** An in-memory tracer, meter and context manager on the interfaces of `@opentelemetry/api`. */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type BatchObservableCallback,
  type Context,
  type ContextManager,
  type Counter,
  type Exception,
  type Histogram,
  type Meter,
  type MetricOptions,
  type Observable,
  type ObservableGauge,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  type SpanStatus,
  trace,
  type Tracer,
} from '@opentelemetry/api'

export interface SeenSpan {
  readonly name: string
  readonly options: SpanOptions
  readonly parent: SpanContext | undefined
  readonly attributes: Attributes
  readonly exceptions: Exception[]
  readonly events: string[]
  status: SpanStatus | undefined
  ended: number
  readonly id: string
}

export function fakeTracer(): { readonly tracer: Tracer; readonly spans: SeenSpan[] } {
  const spans: SeenSpan[] = []
  const startSpan: Tracer['startSpan'] = (name, options = {}, ctx = ROOT_CONTEXT) => {
    const parent = options.root === true ? undefined : trace.getSpanContext(ctx)
    const seen: SeenSpan = {
      name,
      options,
      parent,
      attributes: { ...options.attributes },
      exceptions: [],
      events: [],
      status: undefined,
      ended: 0,
      id: String(spans.length + 1).padStart(16, '0'),
    }
    spans.push(seen)
    const span: Span = {
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: seen.id, traceFlags: 1 }),
      setAttribute: (key, value) => span.setAttributes({ [key]: value }),
      setAttributes: (attributes) => {
        if (seen.ended === 0) Object.assign(seen.attributes, attributes)
        return span
      },
      addEvent: (event) => {
        seen.events.push(event)
        return span
      },
      addLink: () => span,
      addLinks: () => span,
      setStatus: (status) => {
        seen.status = status
        return span
      },
      updateName: () => span,
      end: () => {
        seen.ended += 1
      },
      isRecording: () => seen.ended === 0,
      recordException: (exception) => {
        seen.exceptions.push(exception)
      },
    }
    return span
  }
  return { tracer: { startSpan, startActiveSpan: () => undefined as never }, spans }
}

export interface Measurement {
  readonly value: number
  readonly attributes: Attributes
}

export interface FakeMeter {
  readonly meter: Meter
  /** By instrument. */
  readonly recorded: Map<string, Measurement[]>
  readonly options: Map<string, MetricOptions>
  /** Runs the batch callbacks, as a collection would. */
  collect(): Promise<Map<string, Measurement[]>>
  readonly callbacks: number
}

export function fakeMeter(): FakeMeter {
  const recorded = new Map<string, Measurement[]>()
  const options = new Map<string, MetricOptions>()
  const callbacks = new Set<BatchObservableCallback>()
  const names = new Map<Observable, string>()

  const recorder = (name: string, given: MetricOptions = {}): ((value: number, attributes?: Attributes) => void) => {
    recorded.set(name, [])
    options.set(name, given)
    return (value, attributes = {}) => void recorded.get(name)?.push({ value, attributes })
  }
  const unused = (): never => {
    throw new Error('not used')
  }
  const meter: Meter = {
    createCounter: (name, given) => ({ add: recorder(name, given) }) as Counter<never>,
    createHistogram: (name, given) => ({ record: recorder(name, given) }) as Histogram<never>,
    createObservableGauge: (name, given) => {
      options.set(name, given ?? {})
      const gauge: ObservableGauge = { addCallback: unused, removeCallback: unused }
      names.set(gauge, name)
      return gauge as ObservableGauge<never>
    },
    createGauge: unused,
    createUpDownCounter: unused,
    createObservableCounter: unused,
    createObservableUpDownCounter: unused,
    addBatchObservableCallback: (callback) => void callbacks.add(callback as BatchObservableCallback),
    removeBatchObservableCallback: (callback) => void callbacks.delete(callback as BatchObservableCallback),
  }
  return {
    meter,
    recorded,
    options,
    async collect() {
      const observed = new Map<string, Measurement[]>()
      const observe = (instrument: Observable, value: number, attributes: Attributes = {}): void => {
        const name = names.get(instrument) ?? ''
        observed.set(name, [...(observed.get(name) ?? []), { value, attributes }])
      }
      for (const callback of callbacks) await callback({ observe })
      return observed
    },
    get callbacks() {
      return callbacks.size
    },
  }
}

/** What an SDK would install: contexts that follow promises. */
export function asyncContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (ctx, fn, thisArg, ...args) => storage.run(ctx, () => fn.apply(thisArg as never, args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}
