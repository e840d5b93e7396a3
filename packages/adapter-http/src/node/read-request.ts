/** From a message of `node:http` to a `Request`. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Problem } from '../problem/problem.ts'
import { rememberAddress } from '../security/client-address.ts'

/** Headers that decide something: two of them are two opinions. */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'sec-fetch-site',
  'transfer-encoding',
  'x-request-id',
])

/** What the parsing of addresses resolves. */
const TURNS = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD'])

interface Framed extends IncomingMessage {
  /** Of frameworks that mount: the path before they cut it. */
  readonly originalUrl?: string
  /** Of frameworks that parse. */
  readonly body?: unknown
}

/** Throws {@link Problem} for what no `Request` can be, and for headers that contradict each other. */
export function readRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { originalUrl, url = '/' } = incoming as Framed
  const target = originalUrl ?? url
  if (!target.startsWith('/')) throw new Problem('InvalidRequest', 'The target of the request is no path.')
  // A proxy in front may have judged the path as it stood here, and not what parsing makes of it.
  if (TURNS.test(target.split('?')[0] as string)) throw new Problem('InvalidRequest', 'The path has backslashes or dot segments.')
  const method = incoming.method ?? 'GET'
  const init: RequestInit & { duplex?: 'half' } = { method, headers: headersOf(incoming), signal }
  if (!BODILESS.has(method)) {
    const body = bodyOf(incoming)
    if (body !== null) Object.assign(init, { body, duplex: 'half' })
  }
  const request = build(target, init)
  rememberAddress(request, incoming.socket.remoteAddress)
  return request
}

/** The host says nothing that is used: whoever sends the request chooses it. */
function build(target: string, init: RequestInit): Request {
  try {
    return new Request(`http://localhost${target}`, init)
  } catch {
    throw new Problem('InvalidRequest', 'The request cannot be understood.')
  }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    if (SINGLE.has(name) && headers.has(name)) throw new Problem('InvalidRequest', `The header ${name} came twice.`)
    try {
      headers.append(name, rawHeaders[index + 1] as string)
    } catch {
      throw new Problem('InvalidRequest', `The header ${name} cannot be read.`)
    }
  }
  return headers
}

function bodyOf(incoming: IncomingMessage): NonNullable<RequestInit['body']> | null {
  const { body } = incoming as Framed
  if (body !== undefined && (incoming.readableEnded || incoming.readableDidRead)) {
    if (typeof body === 'string') return body
    if (body instanceof Uint8Array) return new Uint8Array(body)
    return JSON.stringify(body)
  }
  const hasNone = incoming.headers['content-length'] === undefined && incoming.headers['transfer-encoding'] === undefined
  return hasNone || incoming.headers['content-length'] === '0' ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>)
}
