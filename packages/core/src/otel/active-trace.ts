/** The active span, as triggers carry it. */
import { trace } from '@opentelemetry/api'
import type { TraceContext } from '../observe/trace-context.ts'

/**
 * For the scheduler's option `trace`: the span that is active where somebody triggers, so that `traceAround` and `instrument` go
 * on with its trace when the run is executed, in whatever process. Null where none is active. Never throws.
 *
 * @example
 * const scheduler = createScheduler({ store, jobs, around: traceAround(), trace: activeTrace })
 */
export function activeTrace(): TraceContext | null {
  try {
    const span = trace.getActiveSpan()?.spanContext()
    if (span === undefined) return null
    const tracestate = span.traceState?.serialize() ?? ''
    const traceparent = `00-${span.traceId}-${span.spanId}-${(span.traceFlags & 0xff).toString(16).padStart(2, '0')}`
    return { traceparent, ...(tracestate === '' ? {} : { tracestate }) }
  } catch {
    return null
  }
}
