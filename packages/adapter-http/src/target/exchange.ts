/** One request and its answer over a socket of Node. */
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Call } from './call.ts'

/** What is sent, and how much is read. */
export interface Sending {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
  readonly agent: Agent | undefined
  readonly maxBytes: number
}

/** An answer as it arrived. */
export interface RawAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  /** At most `maxBytes`. */
  readonly bytes: Buffer
  /** There was more. */
  readonly isCut: boolean
}

/** Rejects with the error of the socket, or the reason of the call's signal; then the socket is closed, too. */
export function exchange({ method, url, headers, body, agent, maxBytes }: Sending, call: Call): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  if (call.signal.aborted) return Promise.reject(call.signal.reason)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const length = body === null ? NO_BODY[method] : { 'content-length': String(body.length) }
  const request = send(url, { method, headers: { ...headers, ...length }, ...(agent === undefined ? {} : { agent }) })
  const onAbort = (): void => void request.destroy(call.signal.reason)
  call.signal.addEventListener('abort', onAbort, { once: true })
  call.phase = 'connecting'

  let isWritten = false
  const onConnected = (): void => {
    call.phase = isWritten ? 'waiting for the answer' : 'sending the request'
  }
  request.on('socket', (socket) => {
    if (request.reusedSocket) onConnected()
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', onConnected)
  })
  // Node calls a request finished when it is written, connected or not.
  request.on('finish', () => {
    isWritten = true
    if (call.phase === 'sending the request') onConnected()
  })
  request.on('error', reject)
  request.on('response', (response) => {
    call.phase = 'reading the answer'
    readBody(response, maxBytes).then(({ bytes, isCut }) => {
      resolve({ status: response.statusCode ?? 0, statusText: response.statusMessage ?? '', headers: headersOf(response), bytes, isCut })
    }, reject)
  })
  request.end(body ?? undefined)
  return promise
    .catch((error: unknown) => {
      throw call.signal.aborted ? call.signal.reason : error
    })
    .finally(() => call.signal.removeEventListener('abort', onAbort))
}

/** Methods whose servers expect to be told that there is no body. */
const NO_BODY: Readonly<Record<string, object>> = {
  POST: { 'content-length': '0' },
  PUT: { 'content-length': '0' },
  PATCH: { 'content-length': '0' },
}

/** Leaving the loop early closes the socket; an answer that ends early throws. */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    chunks.push(chunk)
    if (length > maxBytes) return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isCut: true }
  }
  return { bytes: Buffer.concat(chunks), isCut: false }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    try {
      headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
    } catch {
      // Node's parser lets through what the standard does not; nobody here needs it.
    }
  }
  return headers
}
