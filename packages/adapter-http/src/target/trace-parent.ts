/** Which trace a call belongs to, in the headers of W3C Trace Context. */
import { randomBytes } from 'node:crypto'
import type { RunContext } from '@quarterjack/core'

type Inject = (carrier: Record<string, string>) => void

let injecting: Promise<Inject | null> | null = null

/** The active trace of OpenTelemetry, if the service has one; else the one that the run carries; else one of its own, the same for all attempts. */
export async function traceHeaders({ runId, trace }: Pick<RunContext, 'runId' | 'trace'>): Promise<Readonly<Record<string, string>>> {
  injecting ??= loadInject()
  const carrier: Record<string, string> = {}
  try {
    ;(await injecting)?.(carrier)
  } catch {
    // A tracer that fails never hurts a run.
  }
  const { traceparent, tracestate } = carrier
  if (typeof traceparent !== 'string') return ownTrace(runId, trace)
  return typeof tracestate === 'string' && tracestate !== '' ? { traceparent, tracestate } : { traceparent }
}

/** The call is a span of its own. */
function ownTrace(runId: string, trace: RunContext['trace'] | undefined): Readonly<Record<string, string>> {
  const span = randomBytes(8).toString('hex')
  const [, traceId, , flags] = trace?.traceparent?.split('-') ?? []
  if (traceId === undefined || flags === undefined) return { traceparent: `00-${traceIdOf(runId)}-${span}-01` }
  const state = trace?.tracestate
  return { traceparent: `00-${traceId}-${span}-${flags}`, ...(state === undefined ? {} : { tracestate: state }) }
}

/** Ids of runs are UUIDs: as many digits as a trace has. */
function traceIdOf(runId: string): string {
  const digits = runId.replaceAll('-', '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(digits) && !/^0+$/.test(digits) ? digits : randomBytes(16).toString('hex')
}

async function loadInject(): Promise<Inject | null> {
  try {
    const { context, propagation } = await import('@opentelemetry/api')
    return (carrier) => propagation.inject(context.active(), carrier)
  } catch {
    return null
  }
}
