import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QuarterjackError } from '@quarterjack/core'
import { afterEach, describe, expect, it } from 'vitest'
import { callAggregate } from '../src/call-aggregate.ts'

const SUMMARY = { status: 'ok', modelVersion: 1, events: 3, newEvents: 3, weights: 2, changed: 2, note: 'kept' }
const servers: Server[] = []

async function serveOnce(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/aggregate`
}

function answer(status: number, body = '', headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => response.writeHead(status, headers).end(body)
}

async function call(apiUrl: string, signal: AbortSignal = new AbortController().signal): Promise<unknown> {
  return callAggregate({ apiUrl, apiKey: 'the-key' }, { signal, idempotencyKey: 'run-7' })
}

async function failureOf(listener: RequestListener): Promise<Error> {
  return call(await serveOnce(listener)).then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: Error) => error,
  )
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

describe('callAggregate', () => {
  it('posts with the key and the idempotency key of the run', async () => {
    let seen: unknown
    const url = await serveOnce((request, response) => {
      seen = [request.method, request.headers['x-api-key'], request.headers['idempotency-key']]
      response.end(JSON.stringify(SUMMARY))
    })
    expect(await call(url)).toEqual(SUMMARY)
    expect(seen).toEqual(['POST', 'the-key', 'run-7'])
  })

  it('takes 204 for nothing to do', async () => {
    expect(await call(await serveOnce(answer(204)))).toBeNull()
  })

  it.each([400, 401, 403, 404, 422])('%i is final', async (status) => {
    const error = await failureOf(answer(status, '{"error":"no"}'))
    expect(QuarterjackError.isInstance(error, 'NonRetryable')).toBe(true)
    expect(error.message).toContain(`answered ${status} ({"error":"no"})`)
    expect(error.message).not.toContain('the-key')
  })

  it.each([408, 425, 429, 500, 502, 503])('%i may pass', async (status) => {
    const error = await failureOf(answer(status))
    expect(QuarterjackError.isInstance(error)).toBe(false)
    expect(error.message).toBe(`the API answered ${status}`)
  })

  it('heeds Retry-After', async () => {
    expect(await failureOf(answer(503, '', { 'retry-after': '12' }))).toMatchObject({ code: 'RetryAfter', retryAfterMs: 12_000 })
  })

  it('does not follow a redirect with the key', async () => {
    let reached = false
    const elsewhere = await serveOnce((_request, response) => {
      reached = true
      response.end()
    })
    const error = await failureOf(answer(307, '', { location: elsewhere }))
    expect(QuarterjackError.isInstance(error, 'NonRetryable')).toBe(true)
    expect(error.message).toContain(elsewhere)
    expect(reached).toBe(false)
  })

  it.each(['', '<html>Sign in</html>', '{"status":"ok"}', '[]'])('does not take %j for a summary', async (body) => {
    expect((await failureOf(answer(200, body))).message).toMatch(/^the API answered with something that is no summary/)
  })

  it('does not read an endless answer', async () => {
    expect((await failureOf(answer(200, 'x'.repeat(100_000)))).message).toBe('the API answered with more than 32768 bytes')
  })

  it('says that the API cannot be reached, and why', async () => {
    const url = await serveOnce(answer(200))
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
    await expect(call(url)).rejects.toThrow(`cannot reach ${url}: ECONNREFUSED`)
  })

  it('names a connection that broke in the middle', async () => {
    const error = await failureOf((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      setImmediate(() => response.destroy())
    })
    expect(error.message).toMatch(/^cannot reach .*: (UND_ERR_SOCKET|ECONNRESET|other side closed)/)
  })

  it('gives up with the reason of its signal', async () => {
    const url = await serveOnce(() => {})
    const abort = new AbortController()
    const reason = new Error('the run took too long')
    const pending = call(url, abort.signal)
    setImmediate(() => abort.abort(reason))
    await expect(pending).rejects.toBe(reason)
  })
})
