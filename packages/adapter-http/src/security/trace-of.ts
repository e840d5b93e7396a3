/** What a request carries to the run that it brings about. */
import type { TraceContext } from '@quarterjack/core'

const PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const STATE = /^[\x20-\x7e]{1,512}$/

/** Its trace, where it has a proper one, and its id. Clients that may trigger may say what they like here: it is shown, never believed. */
export function traceOf({ headers }: Request, requestId: string): TraceContext {
  const traceparent = headers.get('traceparent') ?? ''
  const tracestate = headers.get('tracestate') ?? ''
  if (!PARENT.test(traceparent)) return { requestId }
  return { traceparent, ...(STATE.test(tracestate) ? { tracestate } : {}), requestId }
}
