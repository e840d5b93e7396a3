/** What an endpoint gets to see. */
import { context as otelContext, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type HttpBody, httpTarget } from '../../src/index.ts'
import { contextOf, errorOf } from '../support/context.ts'
import { serve } from '../support/serve.ts'

describe('a call', () => {
  it('posts the payload as JSON, and says which run it is', async () => {
    const { url, requests } = await serve()
    const ctx = contextOf({ payload: { days: 7 }, attempt: 2 })
    const result = await httpTarget<{ days: number }>({ url: `${url}/aggregate` })(ctx)
    expect(result).toEqual({ ok: true })
    expect(requests).toHaveLength(1)
    const [{ method, url: path, headers, body }] = requests as [(typeof requests)[0]]
    expect([method, path, body]).toEqual(['POST', '/aggregate', '{"days":7}'])
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '10',
      'idempotency-key': ctx.idempotencyKey,
      'x-request-id': `${ctx.runId}.2`,
      'user-agent': 'quarterjack',
    })
    expect(headers.traceparent).toMatch(/^00-0198c0de00007000800000000000cafe-[0-9a-f]{16}-01$/)
  })

  it('sends what functions of the run answer with', async () => {
    const { url, requests } = await serve()
    const target = httpTarget<{ id: string }>({
      url: ({ payload }) => `${url}/projects/${payload.id}?v=1`,
      method: 'PUT',
      query: async ({ attempt }) => ({ attempt, tag: ['a', 'b c'], none: null }),
      headers: ({ key }) => ({ 'X-Key': key, 'X-Run': ({ runId }) => runId, 'User-Agent': null }),
      body: async ({ payload }: { payload: { id: string } }) => ({ project: payload.id }),
    })
    await target(contextOf({ payload: { id: 'p1' }, key: 'tenant' }))
    const [sent] = requests
    expect(sent).toMatchObject({ method: 'PUT', url: '/projects/p1?v=1&attempt=1&tag=a&tag=b+c', body: '{"project":"p1"}' })
    expect(sent?.headers).toMatchObject({ 'x-key': 'tenant', 'x-run': '0198c0de-0000-7000-8000-00000000cafe' })
    expect(sent?.headers).not.toHaveProperty('user-agent')
  })

  it.each<[what: string, body: HttpBody, type: string | undefined, sent: string]>([
    ['text', 'plain', 'text/plain;charset=UTF-8', 'plain'],
    ['a form', new URLSearchParams({ a: '1 2' }), 'application/x-www-form-urlencoded;charset=UTF-8', 'a=1+2'],
    ['bytes', Buffer.from('raw'), 'application/octet-stream', 'raw'],
    ['a list', [1, 2], 'application/json', '[1,2]'],
    ['false', false, 'application/json', 'false'],
    ['nothing', null, undefined, ''],
  ])('sends %s', async (_, body, type, sent) => {
    const { url, requests } = await serve()
    await httpTarget({ url, body })(contextOf())
    expect(requests[0]?.body).toBe(sent)
    expect(requests[0]?.headers['content-type']).toBe(type)
    expect(requests[0]?.headers['content-length']).toBe(String(sent.length))
  })

  it('sends no body with GET, and the content type that was asked for', async () => {
    const { url, requests } = await serve()
    await httpTarget<{ a: number }>({ url, method: 'GET' })(contextOf({ payload: { a: 1 } }))
    await httpTarget({ url, body: '{}', headers: { 'Content-Type': 'application/merge-patch+json' } })(contextOf())
    expect(requests[0]).toMatchObject({ method: 'GET', body: '' })
    expect(requests[0]?.headers).not.toHaveProperty('content-type')
    expect(requests[1]?.headers['content-type']).toBe('application/merge-patch+json')
  })

  it.each<[what: string, auth: Parameters<typeof httpTarget>[0]['auth'], headers: object]>([
    ['a bearer token', { bearer: 't0ken' }, { authorization: 'Bearer t0ken' }],
    ['basic credentials', { basic: { username: 'ann', password: () => 'p:w' } }, { authorization: 'Basic YW5uOnA6dw==' }],
    ['an API key', { apiKey: async () => 'k3y' }, { 'x-api-key': 'k3y' }],
    ['an API key in a header of its own', { apiKey: 'k3y', header: 'X-Service-Key' }, { 'x-service-key': 'k3y' }],
    ['headers of its own', async () => ({ 'X-Signed': 'abc', Authorization: 'HMAC 1' }), { 'x-signed': 'abc', authorization: 'HMAC 1' }],
  ])('authorises with %s', async (_, auth, headers) => {
    const { url, requests } = await serve()
    await httpTarget({ url, auth })(contextOf())
    expect(requests[0]?.headers).toMatchObject(headers)
  })

  it('asks for secrets anew at each call', async () => {
    const { url, requests } = await serve()
    let secret = 'first'
    const target = httpTarget({ url, auth: { bearer: () => secret } })
    await target(contextOf())
    secret = 'second'
    await target(contextOf())
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second'])
  })

  it.each<[what: string, idempotency: Parameters<typeof httpTarget>[0]['idempotency'], header: string, value: string | undefined]>([
    ['its own key', { key: ({ job }) => `${job}-1` }, 'idempotency-key', 'call-1'],
    ['its own header', { header: 'X-Once' }, 'x-once', '0198c0de-0000-7000-8000-00000000cafe'],
    ['none', false, 'idempotency-key', undefined],
  ])('is idempotent by %s', async (_, idempotency, header, value) => {
    const { url, requests } = await serve()
    await httpTarget({ url, idempotency })(contextOf())
    expect(requests[0]?.headers[header]).toBe(value)
  })

  it('joins the active trace of OpenTelemetry, and passes no baggage on', async () => {
    const traceparent = '00-11111111111111111111111111111111-2222222222222222-01'
    const inject = (_: unknown, carrier: unknown): void =>
      void Object.assign(carrier as object, { traceparent, tracestate: 'a=b', baggage: 'user=ann' })
    propagation.setGlobalPropagator({ inject, extract: () => ROOT_CONTEXT, fields: () => [] })
    onTestFinished(() => {
      propagation.disable()
      otelContext.disable()
    })
    const { url, requests } = await serve()
    await httpTarget({ url })(contextOf())
    expect(requests[0]?.headers).toMatchObject({ traceparent, tracestate: 'a=b' })
    expect(requests[0]?.headers).not.toHaveProperty('baggage')
  })

  it.each<[what: string, options: object, problem: RegExp]>([
    ['an address that is none', { url: () => 'localhost/x' }, /nothing was sent: url "localhost\/x" is no absolute address/],
    ['another protocol', { url: () => 'file:///etc/passwd' }, /does not begin with http/],
    ['credentials in the address', { url: () => 'http://ann:hunter22@localhost/' }, /url holds credentials/],
    ['a header with a line break', { headers: { 'X-Note': () => 'a\r\nX-Evil: 1' } }, /headers.X-Note has a value with a line break/],
    ['a header of the connection', { headers: () => ({ 'Transfer-Encoding': 'chunked' }) }, /is set by Node itself/],
    ['a body that is no JSON', { body: () => ({ n: 1n }) }, /body cannot be written as JSON/],
    [
      'a secret that is not set',
      { auth: { bearer: () => process.env.QJ_NOT_SET as string } },
      /auth.bearer gave no text; is the secret set/,
    ],
    ['a signing secret that is none', { signing: { secret: () => 'short' } }, /signing.secret is no secret/],
  ])('is not made with %s', async (_, options, problem) => {
    const { url, requests } = await serve()
    const error = await errorOf(httpTarget({ url, ...options })(contextOf()))
    expect(error).toMatchObject({ name: 'HttpError', code: 'HttpRequestInvalid', retryable: false })
    expect(error.message).toMatch(problem)
    expect(error.message).not.toMatch(/hunter22|X-Evil|short/)
    expect(requests).toEqual([])
  })

  it('fails with what a function of the user threw, which the engine may try again', async () => {
    const { url } = await serve()
    const mine = new Error('the vault is away')
    expect(await errorOf(httpTarget({ url, auth: { bearer: () => Promise.reject(mine) } })(contextOf()))).toBe(mine)
  })
})
