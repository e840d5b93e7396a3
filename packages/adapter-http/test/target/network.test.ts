/** Failures below HTTP, told apart, and aborts that close the socket. */
import { Agent } from 'node:https'
import { describe, expect, it } from 'vitest'
import { httpTarget } from '../../src/index.ts'
import { CERT } from '../support/certificate.ts'
import { contextOf, errorOf, until } from '../support/context.ts'
import { freeUrl, serve, serveRaw, serveTls } from '../support/serve.ts'

const failureOf = (url: string, options: object = {}): ReturnType<typeof errorOf> => errorOf(httpTarget({ url, ...options })(contextOf()))

describe('a failure of the network', () => {
  it('names a host that cannot be resolved', async () => {
    const error = await failureOf('http://no-such-host.invalid/path?token=hidden-token')
    expect(error).toMatchObject({ name: 'HttpError', code: 'HttpDnsFailed', retryable: true })
    expect(error.reason).toMatch(/^(?:ENOTFOUND|EAI_AGAIN)$/)
    expect(error.message).toMatch(/^POST http:\/\/no-such-host\.invalid\/path failed: its host name could not be resolved/)
  })

  it('names a refused connection', async () => {
    expect(await failureOf(await freeUrl())).toMatchObject({ code: 'HttpRefused', reason: 'ECONNREFUSED', retryable: true })
  })

  it('names a refused connection of a host with several addresses', async () => {
    const { port } = new URL(await freeUrl())
    expect(await failureOf(`http://localhost:${port}`)).toMatchObject({ code: 'HttpRefused', retryable: true })
  })

  it('names a connection that is reset, before and within the answer', async () => {
    const reset = await serveRaw((socket) => void socket.once('data', () => socket.resetAndDestroy()))
    expect(await failureOf(reset.url)).toMatchObject({ code: 'HttpReset', reason: 'ECONNRESET', retryable: true })
    const closed = await serveRaw((socket) => void socket.once('data', () => socket.end()))
    expect(await failureOf(closed.url)).toMatchObject({ code: 'HttpReset', retryable: true })
    const half = await serveRaw((socket) => void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')))
    expect(await failureOf(half.url)).toMatchObject({ code: 'HttpReset', retryable: true })
    const chunked = await serveRaw(
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')),
    )
    expect(await failureOf(chunked.url)).toMatchObject({ code: 'HttpReset', retryable: true })
  })

  it('names a certificate that is not trusted, and trusts the agent of the user', async () => {
    const { url, requests } = await serveTls()
    const error = await failureOf(url)
    expect(error).toMatchObject({ code: 'HttpTlsFailed', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT', retryable: true })
    expect(requests).toEqual([])
    const agent = new Agent({ ca: CERT })
    expect(await httpTarget({ url, agent })(contextOf())).toEqual({ ok: true })
    const other = await failureOf(url.replace('localhost', '127.0.0.1'), { agent })
    expect(other).toMatchObject({ code: 'HttpTlsFailed', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    agent.destroy()
  })

  it('names a port that does not speak TLS', async () => {
    const { url } = await serve()
    expect(await failureOf(url.replace('http:', 'https:'))).toMatchObject({ code: 'HttpTlsFailed', retryable: true })
  })

  it('names an answer that is no HTTP, and one whose headers never end', async () => {
    const noise = await serveRaw((socket) => void socket.once('data', () => socket.end('hello\r\n\r\n')))
    expect(await failureOf(noise.url)).toMatchObject({ code: 'HttpNetworkFailed', retryable: true })
    const endless = await serveRaw((socket) => void socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`)))
    expect(await failureOf(endless.url)).toMatchObject({ code: 'HttpNetworkFailed', reason: 'HPE_HEADER_OVERFLOW' })
  })
})

describe('a timeout', () => {
  it('says what it was waiting for, and closes the socket', async () => {
    const silent = await serveRaw(() => undefined)
    const waiting = await failureOf(silent.url, { timeout: 100 })
    expect(waiting).toMatchObject({ code: 'HttpTimedOut', retryable: true })
    expect(waiting.message).toMatch(/did not end within its timeout of 100 ms; it was waiting for the answer/)
    await until(() => silent.sockets.size === 0)

    const slow = await serve((_, response) => void response.writeHead(200, { 'content-length': '1000' }).write('slow'))
    expect((await failureOf(slow.url, { timeout: 150 })).message).toContain('it was reading the answer')
    await until(() => slow.sockets.size === 0)

    const tls = await failureOf(silent.url.replace('http:', 'https:'), { timeout: 100 })
    expect(tls.message).toContain('it was connecting')

    const stuck = await failureOf(silent.url, { timeout: 100, auth: { bearer: () => new Promise<string>(() => undefined) } })
    expect(stuck.message).toContain('it was preparing the request')
  })

  it('bounds a body that drips for ever', async () => {
    const { url, sockets } = await serve((_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(timer))
    })
    expect(await failureOf(url, { timeout: 200 })).toMatchObject({ code: 'HttpTimedOut' })
    await until(() => sockets.size === 0)
  })
})

describe('an answer without end', () => {
  it('is read as far as its bound, and its socket closed', async () => {
    let written = 0
    const { url, sockets } = await serve((_, response) => {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) written += 16_384
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    })
    const result = (await httpTarget({ url, maxResponse: 100_000 })(contextOf())) as { $truncated: object }
    expect(result.$truncated).toMatchObject({ limit: 100_000 })
    await until(() => sockets.size === 0)
    expect(written).toBeLessThan(50_000_000)
  })
})

describe('an abort', () => {
  it('ends the call with its reason, and closes the socket, in each phase', async () => {
    const silent = await serveRaw(() => undefined)
    const slow = await serve((_, response) => void response.writeHead(200).write('slow'))
    for (const { url, sockets } of [silent, slow]) {
      const controller = new AbortController()
      const reason = new Error('cancelled')
      const work = errorOf(httpTarget({ url })(contextOf({ signal: controller.signal })))
      await until(() => sockets.size === 1)
      controller.abort(reason)
      expect(await work).toBe(reason)
      await until(() => sockets.size === 0)
    }
  })

  it('that came before sends nothing', async () => {
    const { url, requests } = await serve()
    const reason = new Error('too late')
    expect(await errorOf(httpTarget({ url })(contextOf({ signal: AbortSignal.abort(reason) })))).toBe(reason)
    expect(requests).toEqual([])
  })

  it('leaves no listener on the signal of a run that went well', async () => {
    const { url } = await serve()
    const controller = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = controller.signal
    controller.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1
      return addEventListener.apply(controller.signal, args)
    }
    controller.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1
      return removeEventListener.apply(controller.signal, args)
    }
    await httpTarget({ url })(contextOf({ signal: controller.signal }))
    expect(listeners).toBe(0)
  })
})
