/** `@quarterjack/core/otel`: traces and metrics by OpenTelemetry. Needs `@opentelemetry/api`, and nothing else. */

// spans and metrics of a scheduler
export { instrument, type InstrumentOptions, type InstrumentedScheduler } from './instrument.ts'

// the trace that triggers carry to their runs
export { activeTrace } from './active-trace.ts'

// handlers inside an active span
export { traceAround, type TraceAround, type TraceAroundOptions } from './trace-around.ts'
