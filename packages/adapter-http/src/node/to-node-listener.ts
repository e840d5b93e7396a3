/** `toNodeListener`: the handler for servers of `node:http`, and for frameworks built on them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { problemBody, Problem, PROBLEMS } from '../problem/problem.ts'
import { wholeBody } from '../endpoint/whole-body.ts'
import { SECURITY_HEADERS } from '../security/secure-headers.ts'
import { readRequest } from './read-request.ts'

/** What `createServer`, `app.use` and the like take. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Turns what Node gives into a `Request`, and the answer back. Where a framework mounts it, `basePath` is still the whole path.
 * Put it before anything that reads bodies; a body that was parsed already (`request.body`) is taken as it is. A body that says
 * `text/event-stream` is sent as it comes, and cancelled when the client is gone.
 *
 * @example
 * createServer(toNodeListener(createHandler(scheduler))).listen(3000)
 */
export function toNodeListener(handler: (request: Request) => Promise<Response>): NodeListener {
  return (incoming, outgoing) => {
    const gone = new AbortController()
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    // Whoever hangs up gets no answer; that is no error of this process.
    outgoing.on('error', () => undefined)
    void answer(handler, incoming, gone.signal).then((response) => send(incoming, outgoing, response))
  }
}

/** Statuses that have neither a body nor a length. */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

interface Ready {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: Buffer | ReadableStream<Uint8Array>
}

async function answer(handler: (request: Request) => Promise<Response>, incoming: IncomingMessage, signal: AbortSignal): Promise<Ready> {
  try {
    const response = await handler(readRequest(incoming, signal))
    return {
      status: response.status,
      headers: headersOf(response.headers),
      body: await bodyOf(response),
    }
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem('InternalError', 'The request could not be answered.')
    const body = Buffer.from(JSON.stringify(problemBody(problem, '')))
    return { status: PROBLEMS[problem.problem].status, headers: { ...SECURITY_HEADERS, 'content-type': 'application/problem+json' }, body }
  }
}

/** Cookies stay apart: joined, they would be one. */
function headersOf(headers: Headers): Ready['headers'] {
  const cookies = headers.getSetCookie()
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}) }
}

/** What this package made is at hand as a whole; of anything else the body is read. */
async function bodyOf(response: Response): Promise<Buffer | ReadableStream<Uint8Array>> {
  const whole = wholeBody(response)
  if (whole !== undefined) return typeof whole === 'string' ? Buffer.from(whole) : whole
  // Events are for now: they may go on for as long as somebody listens.
  if (response.body !== null && response.headers.get('content-type')?.startsWith('text/event-stream')) return response.body
  return response.body === null ? Buffer.alloc(0) : Buffer.from(await response.arrayBuffer())
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, { status, headers, body }: Ready): void {
  if (outgoing.headersSent || outgoing.destroyed) {
    if (!Buffer.isBuffer(body)) void body.cancel().catch(() => undefined)
    return
  }
  // What was not read to its end would be taken for the next request.
  const isLeftOver = !incoming.complete
  const close = isLeftOver ? { connection: 'close' } : {}
  if (Buffer.isBuffer(body)) {
    const length = BODILESS.has(status) ? {} : { 'content-length': String(body.length) }
    outgoing.writeHead(status, { ...headers, ...length, ...close })
    outgoing.end(body)
    return
  }
  outgoing.writeHead(status, { ...headers, ...close })
  outgoing.flushHeaders()
  // An error cuts the connection, which is all that can still be told.
  pipeline(Readable.fromWeb(body as NodeReadableStream<Uint8Array>), outgoing, () => undefined)
}
