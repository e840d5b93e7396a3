/** The spans of the attempts that this process has under way. */
import {
  type Attributes,
  createTraceState,
  type Exception,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace as traceApi,
  type Tracer,
} from '@opentelemetry/api'
import type { TraceContext } from '../observe/trace-context.ts'
import { ATTRIBUTE, type AttemptEnd, type AttemptKey, type AttemptStart, startAttributes } from './attributes.ts'

/** What a span is told when it ends. */
export interface SpanEnd {
  readonly outcome: AttemptEnd
  readonly error?: Exception | undefined
  readonly attributes?: Attributes
}

/** See {@link createAttemptSpans}. */
export interface AttemptSpans {
  /** The span of the attempt: that which is open, or a new one. */
  open(start: AttemptStart): Span
  find(key: AttemptKey): Span | undefined
  /** Ends the span; an unknown one is ignored. */
  close(key: AttemptKey, end: SpanEnd): void
  /** Ends every span without an outcome: nobody will hear of it. */
  abandon(): void
  /** True while someone listens for the ends of attempts: who opens a span then leaves the closing to them. */
  closedByEvents: boolean
}

/** Attempts that never end leave no more than this behind. */
const MOST_OPEN = 10_000

/** Each attempt continues the trace that its run carries, or is a root span: it must not hang on whatever context happened to wake the loop. */
export function createAttemptSpans(tracer: Tracer): AttemptSpans {
  const spans = new Map<string, Span>()
  const nameOf = ({ runId, attempt }: AttemptKey): string => `${runId}#${attempt}`

  const abandonOldest = (): void => {
    for (const [name, span] of spans) {
      spans.delete(name)
      return span.end()
    }
  }

  return {
    closedByEvents: false,
    open(start) {
      const name = nameOf(start)
      const known = spans.get(name)
      if (known !== undefined) return known
      const parent = start.trace?.traceparent === undefined ? null : start.trace
      const options = { root: parent === null, kind: SpanKind.CONSUMER, attributes: startAttributes(start) }
      const span = tracer.startSpan(`run ${start.job}`, options, ...(parent === null ? [] : [contextOf(parent)]))
      if (spans.size >= MOST_OPEN) abandonOldest()
      spans.set(name, span)
      return span
    },
    find: (key) => spans.get(nameOf(key)),
    close(key, { outcome, error, attributes = {} }) {
      const name = nameOf(key)
      const span = spans.get(name)
      if (span === undefined) return
      spans.delete(name)
      span.setAttributes({ [ATTRIBUTE.outcome]: outcome, ...attributes })
      if (error !== undefined) span.recordException(error)
      const message = FAILURES[outcome]
      if (message !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) ?? message })
      span.end()
    },
    abandon() {
      while (spans.size > 0) abandonOldest()
    },
  }
}

function contextOf({ traceparent = '', tracestate }: TraceContext): typeof ROOT_CONTEXT {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  const state = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }
  return traceApi.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, ...state })
}

const FAILURES: Partial<Record<AttemptEnd, string>> = {
  failed: 'the attempt failed',
  retrying: 'the attempt failed and will be tried again',
  dead: 'the run is dead',
  stale: 'the result came late and was discarded',
}

function messageOf(error: Exception | undefined): string | undefined {
  return typeof error === 'object' ? error.message : error
}
