/** What a trigger carries to its run, so that both can be found together: the trace, and the id of the request. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'

/** Kept with the run and given to its handler; of a run that several triggers share, the first one's. Seen by whoever may see the run. */
export interface TraceContext {
  /** As W3C Trace Context writes it: `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent?: string | undefined
  /** Beside `traceparent`; at most 512 printable characters. */
  readonly tracestate?: string | undefined
  /** Of the request that brought the run about: 1 to 128 letters, digits and `. _ : -`. */
  readonly requestId?: string | undefined
}

const MEMBERS: Readonly<Record<keyof TraceContext, RegExp>> = {
  traceparent: /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/,
  tracestate: /^[\x20-\x7e]{1,512}$/,
  requestId: /^[\w.:-]{1,128}$/,
}
const NAMES = Object.keys(MEMBERS) as readonly (keyof TraceContext)[]

/** Throws `InvalidOption` for what is no trace context. */
export function checkTrace(given: TraceContext, what: string): void {
  const usable = usableOf(given)
  const isWhole =
    typeof given === 'object' &&
    given !== null &&
    Object.keys(given).every((name) => Object.hasOwn(usable, name) || given[name as 'requestId'] === undefined)
  if (!isWhole) throw new QuarterjackError('InvalidOption', `${what} is no trace context.`)
}

/** The usable members of several contexts, those of later ones first; null where there are none. Never throws. */
export function joinTraces(...given: readonly unknown[]): TraceContext | null {
  // Most triggers have none.
  if (given.every((one) => one === null || one === undefined)) return null
  const joined: { -readonly [K in keyof TraceContext]: TraceContext[K] } = {}
  for (const one of given) {
    const usable = usableOf(one)
    // The state belongs to its parent.
    if (usable.traceparent !== undefined) delete joined.tracestate
    Object.assign(joined, usable)
  }
  if (joined.traceparent === undefined) delete joined.tracestate
  return Object.keys(joined).length === 0 ? null : Object.freeze(joined)
}

/** As it is stored; undefined for none. */
export function traceText(trace: TraceContext | null): string | undefined {
  return trace === null ? undefined : JSON.stringify(trace)
}

/** From what is stored. Never throws: a text that another version wrote is no reason for a run to fail. */
export function readTrace(text: string | null): TraceContext | null {
  if (text === null) return null
  try {
    return joinTraces(JSON.parse(text))
  } catch {
    return null
  }
}

function usableOf(given: unknown): TraceContext {
  if (typeof given !== 'object' || given === null) return {}
  const usable: Partial<Record<keyof TraceContext, string>> = {}
  for (const name of NAMES) {
    const member: unknown = (given as Readonly<Record<string, unknown>>)[name]
    if (typeof member === 'string' && MEMBERS[name].test(member)) usable[name] = member
  }
  return usable
}
