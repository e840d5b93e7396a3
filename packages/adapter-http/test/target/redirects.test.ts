/** Redirects are refused unless they are allowed, and credentials stay where they belong. */
import { describe, expect, it } from 'vitest'
import { type HttpTargetOptions, httpTarget } from '../../src/index.ts'
import { contextOf, errorOf } from '../support/context.ts'
import { type Endpoint, json, serve, serveTls } from '../support/serve.ts'
import { Agent } from 'node:https'
import { CERT } from '../support/certificate.ts'

const redirecting = (status: number, to: string): Promise<Endpoint> =>
  serve(({ url }, response) =>
    url.startsWith('/start') ? void response.writeHead(status, { location: to }).end() : json(response, 200, { at: url }),
  )
const call = (options: HttpTargetOptions): Promise<unknown> => httpTarget(options)(contextOf())

describe('a redirect', () => {
  it('is refused by default, even within the origin, and ends the run', async () => {
    const { url, requests } = await redirecting(302, '/end?token=hidden-token')
    const error = await errorOf(call({ url: `${url}/start` }))
    expect(error).toMatchObject({ code: 'HttpRedirected', status: 302, retryable: false })
    expect(error.message).toMatch(/\/start redirects \(302\) within its origin, and redirects are refused/)
    expect(error.message).not.toContain('hidden-token')
    expect(requests).toHaveLength(1)
  })

  it('is followed within the origin, with everything, when allowed', async () => {
    const { url, requests } = await redirecting(307, '/end')
    const result = await call({
      url: `${url}/start`,
      redirect: 'same-origin',
      body: { a: 1 },
      auth: { bearer: 's3cret' },
      headers: { 'X-Own': '1' },
    })
    expect(result).toEqual({ at: '/end' })
    expect(requests[1]).toMatchObject({ method: 'POST', body: '{"a":1}' })
    expect(requests[1]?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'x-own': '1' })
    expect(requests[1]?.headers['idempotency-key']).toBe(requests[0]?.headers['idempotency-key'])
  })

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [302, 'PUT', 'PUT', '{"a":1}'],
    [307, 'POST', 'POST', '{"a":1}'],
    [308, 'POST', 'POST', '{"a":1}'],
  ])('%i turns %s into %s', async (status, method, then, body) => {
    const { url, requests } = await redirecting(status, '/end')
    await call({ url: `${url}/start`, method, body: { a: 1 }, redirect: 'same-origin' })
    expect(requests[1]).toMatchObject({ method: then, body })
    expect('content-type' in (requests[1]?.headers ?? {})).toBe(body !== '')
  })

  it('to another origin is refused by "same-origin": another port, or another host', async () => {
    const other = await serve()
    for (const to of [other.url, other.url.replace('127.0.0.1', 'localhost')]) {
      const { url } = await redirecting(307, to)
      const error = await errorOf(call({ url: `${url}/start`, redirect: 'same-origin' }))
      expect(error).toMatchObject({ code: 'HttpRedirected', retryable: false })
      expect(error.message).toContain(`redirects (307) to ${to}, and only redirects within the origin are followed`)
    }
    expect(other.requests).toEqual([])
  })

  it('to another origin takes no credential along, nor anything else of the user, when followed', async () => {
    const other = await serve()
    const { url, requests } = await redirecting(307, `${other.url.replace('http://', 'http://eve:hidden@')}/end`)
    await call({
      url: `${url}/start`,
      query: { api_key: 'canary-query' },
      redirect: 'follow',
      body: { a: 1 },
      auth: async () => ({ 'X-Custom-Auth': 'canary-auth' }),
      headers: { Cookie: 'sid=canary-cookie', 'X-Harmless': 'canary-own', 'User-Agent': 'canary-agent' },
      signing: { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    })
    expect(requests[0]?.headers).toMatchObject({ 'x-custom-auth': 'canary-auth', cookie: 'sid=canary-cookie' })
    expect(other.requests).toHaveLength(1)
    expect(JSON.stringify(other.requests[0])).not.toMatch(/canary|webhook-signature|authorization/)
    expect(other.requests[0]).toMatchObject({ method: 'POST', url: '/end', body: '{"a":1}' })
    expect(other.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': contextOf().idempotencyKey })
  })

  it('does not give credentials back on the way home', async () => {
    const home: { url: string } = { url: '' }
    const other = await serve((_, response) => void response.writeHead(307, { location: `${home.url}/end` }).end())
    const { url, requests } = await redirecting(307, `${other.url}/via`)
    home.url = url
    await call({ url: `${url}/start`, redirect: 'follow', auth: { bearer: 'canary-auth' } })
    expect(requests).toHaveLength(2)
    expect(requests[1]?.headers).not.toHaveProperty('authorization')
  })

  it('takes along to a third origin no more than to the second', async () => {
    const third = await serve()
    const second = await serve((_, response) => void response.writeHead(307, { location: third.url }).end())
    const { url } = await redirecting(303, second.url)
    await call({ url: `${url}/start`, redirect: 'follow', body: { a: 1 }, headers: { 'X-Own': 'canary-own' } })
    expect(third.requests[0]).toMatchObject({ method: 'GET', body: '' })
    expect(third.requests[0]?.headers).not.toHaveProperty('content-type')
    expect(third.requests[0]?.headers).not.toHaveProperty('x-own')
  })

  it('never gives up TLS', async () => {
    const plain = await serve()
    const { url } = await serveTls((_, response) => void response.writeHead(302, { location: plain.url }).end())
    const agent = new Agent({ ca: CERT })
    expect((await errorOf(call({ url, agent, redirect: 'follow' }))).message).toContain('which gives up TLS')
    expect(plain.requests).toEqual([])
    agent.destroy()
  })

  it('ends after five, and at addresses that cannot be called', async () => {
    const { url, requests } = await redirecting(302, '/start')
    expect((await errorOf(call({ url: `${url}/start`, redirect: 'follow' }))).message).toContain('after 5 others')
    expect(requests).toHaveLength(6)
    const file = await redirecting(302, 'file:///etc/passwd')
    expect((await errorOf(call({ url: `${file.url}/start`, redirect: 'follow' }))).message).toContain('to an address that cannot be called')
  })
})
