/** Traces: a span per request and per attempt, linked along the way of an item. Each is a line of the log. */
import { context, type Link, type Span, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from '@quarterjack/core'

/** A tracer whose spans become lines. To send them to a collector, give the provider a processor with an OTLP exporter. */
export function createTracer(logger: Logger): Tracer {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  return new TracerProvider({ spanProcessors: [logSpans(logger)] }).getTracer('feedback-pipeline')
}

/** What a row keeps of the span that made it, as W3C Trace Context writes it. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** Links to the spans that made some rows, each once. What is no traceparent is left out. */
export function linksTo(traceparents: Iterable<string | null>): readonly Link[] {
  return [...new Set(traceparents)].flatMap((text) => {
    const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? '') ?? []
    if (traceId === undefined || spanId === undefined || flags === undefined) return []
    return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true } }]
  })
}

function logSpans(logger: Logger): SpanProcessor {
  return {
    onStart: () => undefined,
    onEnd: (span) => logger.info(fieldsOf(span), 'span'),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
}

function fieldsOf(span: ReadableSpan): object {
  const { traceId, spanId } = span.spanContext()
  const [seconds, nanos] = span.duration
  return {
    span: span.name,
    traceId,
    spanId,
    ...(span.parentSpanContext !== undefined && { parentSpanId: span.parentSpanContext.spanId }),
    durationMs: Math.round(seconds * 1_000 + nanos / 1e6),
    ...span.attributes,
    ...(span.links.length > 0 && { links: span.links.map((link) => `${link.context.traceId}/${link.context.spanId}`) }),
  }
}
