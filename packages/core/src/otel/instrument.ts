/** Spans and metrics of a scheduler, from its events and its health. */
import { type Meter, metrics, trace, type Tracer } from '@opentelemetry/api'
import { checkNames } from '../errors/check-call.ts'
import type { StoredError } from '../errors/stored-error.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { type AttemptSpans, createAttemptSpans } from './attempt-spans.ts'
import { ATTRIBUTE, END_EVENTS, type EndEvent, endOf, SCOPE } from './attributes.ts'
import { recordMetrics } from './record-metrics.ts'
import type { TraceAround } from './trace-around.ts'

/** What is needed of a scheduler. */
export type InstrumentedScheduler = Pick<Scheduler, 'on' | 'health'>

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** Default: that of the global provider, named `@quarterjack/core`. Not used with `around`, which has its own. */
  readonly tracer?: Tracer
  /** Default: that of the global provider, named `@quarterjack/core`. */
  readonly meter?: Meter
  /** What `traceAround` gave, when the scheduler has it as its `around`: its spans then carry lateness and outcome. */
  readonly around?: TraceAround
}

/**
 * Makes a span of every attempt in this process, and metrics of runs, slots and the store. The gauges ask `scheduler.health()`
 * at each collection, and so the store. Returns what undoes it all: nothing is recorded after that.
 */
export function instrument(scheduler: InstrumentedScheduler, options: InstrumentOptions = {}): () => void {
  checkNames(options, ['tracer', 'meter', 'around'], 'instrument')
  const spans = options.around?.spans ?? createAttemptSpans(options.tracer ?? trace.getTracer(SCOPE))
  const undoSpans = recordSpans(scheduler, spans)
  const undoMetrics = recordMetrics(scheduler, options.meter ?? metrics.getMeter(SCOPE))
  let isUndone = false
  return () => {
    if (isUndone) return
    isUndone = true
    undoSpans()
    undoMetrics()
  }
}

function recordSpans(scheduler: InstrumentedScheduler, spans: AttemptSpans): () => void {
  spans.closedByEvents = true
  const stops = [
    scheduler.on('run.started', (event) => void spans.open(event).setAttribute(ATTRIBUTE.latenessMs, event.latenessMs)),
    scheduler.on('run.stuck', (event) => void spans.find(event)?.addEvent('run.stuck')),
    scheduler.on('scheduler.stopped', () => spans.abandon()),
    ...END_EVENTS.map((name) =>
      scheduler.on(name, (event: EndEvent) =>
        spans.close(event, { outcome: endOf(name), error: errorOf(event), attributes: detailsOf(event) }),
      ),
    ),
  ]
  return () => {
    spans.closedByEvents = false
    for (const stop of stops) stop()
    spans.abandon()
  }
}

function errorOf(event: EndEvent): StoredError | undefined {
  return 'error' in event && event.error !== null ? event.error : undefined
}

function detailsOf(event: EndEvent): Record<string, string> {
  return {
    ...('reason' in event ? { [ATTRIBUTE.reason]: event.reason } : {}),
    ...('retryAt' in event ? { [ATTRIBUTE.retryAt]: new Date(event.retryAt).toISOString() } : {}),
  }
}
