/** The `around` option that runs handlers inside an active span. */
import { context, type Span, trace, type Tracer } from '@opentelemetry/api'
import { SkipSignal } from '../engine/skip-signal.ts'
import { checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { RunContext } from '../job/job.ts'
import { type AttemptSpans, createAttemptSpans, type SpanEnd } from './attempt-spans.ts'
import { ATTRIBUTE, type AttemptStart, SCOPE } from './attributes.ts'

/** Options of {@link traceAround}. */
export interface TraceAroundOptions {
  /** Default: that of the global provider, named `@quarterjack/core`. */
  readonly tracer?: Tracer
}

/** A function for the scheduler's `around` option. Hand it to `instrument` too, so that both speak of the same spans. */
export interface TraceAround {
  (ctx: RunContext, next: () => Promise<unknown>): Promise<unknown>
  /** Internal. */
  readonly spans: AttemptSpans
}

/**
 * Runs each handler inside an active span, so that what it calls (HTTP, databases) joins its trace. Alone, it opens and ends
 * the span around the handler; together with `instrument(scheduler, { around })`, the span lasts until the run is settled and
 * carries lateness and outcome. A tracer that fails never hurts a run.
 *
 * @example
 * const around = traceAround()
 * const scheduler = createScheduler({ store, jobs, around })
 * const undo = instrument(scheduler, { around })
 */
export function traceAround(options: TraceAroundOptions = {}): TraceAround {
  checkNames(options, ['tracer'], 'traceAround')
  const spans = createAttemptSpans(options.tracer ?? trace.getTracer(SCOPE))
  const around = async (ctx: RunContext, next: () => Promise<unknown>): Promise<unknown> => {
    const start = startOf(ctx)
    const span = attemptSafely(() => spans.open(start))
    if (span === undefined) return next()
    let end: SpanEnd = { outcome: 'succeeded' }
    try {
      return await inside(span, next)
    } catch (error) {
      end = endBy(error)
      throw error
    } finally {
      if (!spans.closedByEvents) attemptSafely(() => spans.close(start, end))
    }
  }
  return Object.assign(around, { spans })
}

function startOf({ job, key, runId, attempt, slot, trigger, trace: carried }: RunContext): AttemptStart {
  return { job, key, runId, attempt, trigger, trace: carried, slot: slot === null ? null : slot.getTime() }
}

/** `next` is called exactly once, whether or not the context can be set. */
function inside(span: Span, next: () => Promise<unknown>): Promise<unknown> {
  let result: Promise<unknown> | undefined
  const begin = (): void => {
    result = (async () => next())()
  }
  attemptSafely(() => context.with(trace.setSpan(context.active(), span), begin))
  return result ?? next()
}

function endBy(error: unknown): SpanEnd {
  if (error instanceof SkipSignal) return { outcome: 'skipped', attributes: { [ATTRIBUTE.reason]: error.reason } }
  if (QuarterjackError.isInstance(error, 'RunCancelled')) return { outcome: 'cancelled' }
  return { outcome: 'failed', error: error instanceof Error ? error : String(error) }
}

function attemptSafely<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}
