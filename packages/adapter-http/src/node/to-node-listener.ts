/** `toNodeListener`: the handler for servers of `node:http`, and for frameworks built on them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { problemBody, Problem, PROBLEMS } from '../problem/problem.ts'
import { wholeBody } from '../endpoint/whole-body.ts'
import { SECURITY_HEADERS } from '../security/secure-headers.ts'
import { readRequest } from './read-request.ts'

/** What `createServer`, `app.use` and the like take. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Turns what Node gives into a `Request`, and the answer back. Where a framework mounts it, `basePath` is still the whole path.
 * Put it before anything that reads bodies; a body that was parsed already (`request.body`) is taken as it is.
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

interface Ready {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

async function answer(handler: (request: Request) => Promise<Response>, incoming: IncomingMessage, signal: AbortSignal): Promise<Ready> {
  try {
    const response = await handler(readRequest(incoming, signal))
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await bodyOf(response),
    }
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem('InternalError', 'The request could not be answered.')
    const body = Buffer.from(JSON.stringify(problemBody(problem, '')))
    return { status: PROBLEMS[problem.problem].status, headers: { ...SECURITY_HEADERS, 'content-type': 'application/problem+json' }, body }
  }
}

/** What this package made is at hand as a whole; of anything else the body is read. */
async function bodyOf(response: Response): Promise<Buffer> {
  const whole = wholeBody(response)
  if (whole !== undefined) return typeof whole === 'string' ? Buffer.from(whole) : whole
  return response.body === null ? Buffer.alloc(0) : Buffer.from(await response.arrayBuffer())
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, { status, headers, body }: Ready): void {
  if (outgoing.headersSent || outgoing.destroyed) return
  // What was not read to its end would be taken for the next request.
  const isLeftOver = !incoming.complete
  outgoing.writeHead(status, { ...headers, 'content-length': String(body.length), ...(isLeftOver ? { connection: 'close' } : {}) })
  outgoing.end(body)
}
