/** What comes from outside and means no good: over real sockets, byte by byte. */
import { describe, expect, it } from 'vitest'
import { authorizeTokens, createHandler, toNodeListener } from '../../src/index.ts'
import { CANARY, CRON, handling, opened, READ, WRITE } from '../support/handling.ts'
import { listening, sendRaw, statusOf } from '../support/listening.ts'

type Opened = Awaited<ReturnType<typeof opened>>

async function served(options: Parameters<typeof opened>[0] = {}): Promise<Opened & { readonly port: number }> {
  const open = await opened(options)
  return { ...open, port: (await listening(toNodeListener(open.handler))).port }
}

const head = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n')
const write = `Authorization: Bearer ${WRITE}`
const json = 'Content-Type: application/json'

describe('methods', () => {
  it('no header, query or body overrides one', async () => {
    const { port, scheduler } = await served()
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      expect(statusOf(await sendRaw(port, head('GET /jobs/plain/trigger?_method=POST', write, json, `${name}: POST`)))).toBe(405)
      expect(statusOf(await sendRaw(port, head('POST /jobs', write, json, `${name}: GET`, 'Content-Length: 0')))).toBe(405)
    }
    expect(await scheduler.runs.find()).toEqual([])
  })

  it.each(['TRACE', 'CONNECT', 'PROPFIND', 'get', 'OPTIONS'])('%s finds nothing to do', async (method) => {
    const { port } = await served()
    const status = statusOf(await sendRaw(port, head(`${method} /jobs`, write)))
    expect([0, 400, 405, 501]).toContain(status)
  })
})

describe('addresses', () => {
  it.each([
    '/internal/../jobs',
    '/internal/%2e%2e/jobs',
    '/internal/x/../jobs',
    '/internal/x/.%2E/jobs',
    '/internal/./jobs',
    '/internal/jobs/.',
    '/internal/..%2fjobs',
    '/internal//jobs',
    '//internal/jobs',
    '//evil.example/internal/jobs',
    '/internal/%6aobs',
    '/internal/jobs/',
    '/internal/jobs%00',
    '/internal/jobs%0d%0aX-Injected:%201',
    '/internal/jobs\\..\\runs',
    '/internal/%5cjobs',
    '/internal/jobs;x=1',
    '/internal/jobs%252f..',
    '/INTERNAL/jobs',
    '/internal/Jobs',
    '/internal',
    '/internaljobs',
    '/jobs',
    '/internal/%zz',
    '/internal/%c0%ae%c0%ae/jobs',
    '/internal/%uff0e/jobs',
  ])('%s is not /internal/jobs', async (target) => {
    const { port } = await served({ basePath: '/internal' })
    const answer = await sendRaw(port, head(`GET ${target}`, `Authorization: Bearer ${READ}`))
    expect([target, statusOf(answer)]).toEqual([target, expect.toSatisfy((status: number) => status === 400 || status === 404)])
    expect(answer.toLowerCase()).not.toContain('x-injected')
  })

  it.each(['*', 'http://evil.example/internal/jobs', 'internal/jobs', '?x'])('the target %s is refused', async (target) => {
    const { port } = await served({ basePath: '/internal' })
    expect([0, 400]).toContain(statusOf(await sendRaw(port, head(`GET ${target}`, `Authorization: Bearer ${READ}`))))
  })

  it.each(['..', '.', 'a%2fb', '%2e%2e', 'a b', '__proto__', 'constructor', 'x'.repeat(200), '%00', '%0a'])(
    'the job %s is none',
    async (name) => {
      const { port } = await served()
      for (const path of [`/jobs/${name}`, `/health/${name}`, `/workers/${name}`]) {
        const status = statusOf(
          await sendRaw(
            port,
            head(`GET ${path.replace(' ', '%20')}`, `Authorization: Bearer ${path.startsWith('/workers') ? CRON : READ}`),
          ),
        )
        expect([path, [400, 404, 405].includes(status)]).toEqual([path, true])
      }
    },
  )

  it('long ones are refused', async () => {
    const { port, ask } = await served()
    expect((await ask(`/jobs?x=${'y'.repeat(9_000)}`, { token: READ })).status).toBe(414)
    expect(statusOf(await sendRaw(port, head(`GET /jobs?x=${'y'.repeat(9_000)}`)))).toBe(414)
  })

  it('the host is nobody’s business', async () => {
    const { port } = await served()
    const answer = await sendRaw(port, `GET /live HTTP/1.1\r\nHost: evil.example/x?\r\nConnection: close\r\n\r\n`)
    expect(statusOf(answer)).toBe(200)
    expect(answer).not.toContain('evil')
  })
})

describe('headers', () => {
  it.each([
    ['Authorization', `Bearer ${READ}`, `Bearer ${READ}`],
    ['Authorization', 'Bearer wrong', `Bearer ${READ}`],
    ['Content-Type', 'application/json', 'text/plain'],
    ['Idempotency-Key', 'a', 'b'],
    ['X-Request-Id', 'a', 'b'],
  ])('two of %s are refused', async (name, first, second) => {
    const { port, scheduler } = await served()
    const answer = await sendRaw(
      port,
      head(
        'POST /jobs/plain/trigger',
        ...(name === 'Authorization' ? [] : [write]),
        `${name}: ${first}`,
        `${name.toUpperCase()}: ${second}`,
        'Content-Length: 0',
      ),
    )
    expect(statusOf(answer)).toBe(400)
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('too many bytes of them are refused', async () => {
    const { port, ask } = await served()
    expect((await ask('/live', { headers: { 'x-long': 'y'.repeat(17_000) } })).status).toBe(431)
    expect(
      statusOf(
        await sendRaw(
          port,
          head('GET /live', `X-Long: ${'y'.repeat(15_000)}`, `X-Long: ${'y'.repeat(1_000)}`, `X-More: ${'y'.repeat(400)}`),
        ),
      ),
    ).toBe(431)
  })

  it('none can be injected into an answer', async () => {
    const { ask, port } = await served()
    const { headers } = await ask('/live', { headers: { 'x-request-id': 'abc' } })
    expect(headers.get('x-request-id')).toBe('abc')
    const answer = await sendRaw(port, head('GET /live', 'X-Request-Id: a\tSet-Cookie: b'))
    expect(answer.toLowerCase()).not.toContain('set-cookie')
    for (const path of ['/jobs/%0d%0aSet-Cookie:%20a', '/workers/%0d%0aSet-Cookie:%20a']) {
      expect((await sendRaw(port, head(`GET ${path}`, `Authorization: Bearer ${READ}`))).toLowerCase()).not.toContain('\nset-cookie')
    }
  })

  it('every answer carries the security headers, whatever its status', async () => {
    const { ask, read } = await opened()
    const answers = [
      await ask('/live'),
      await read('/jobs'),
      await ask('/jobs'),
      await ask('/nope'),
      await ask('/jobs', { method: 'PATCH' }),
      await read('/openapi.json'),
      await ask('/workers/fails', { token: CRON }),
    ]
    for (const { headers } of answers) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-type': expect.stringMatching(/^application\/(problem\+)?json$/),
      })
      for (const name of ['access-control-allow-origin', 'set-cookie', 'server', 'x-powered-by']) expect(headers.has(name)).toBe(false)
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 403, 404, 405, 200, 500])
  })
})

describe('other sites', () => {
  it.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-patch+json',
    'application/json, text/plain',
    'application/json; charset=utf-7',
    'text/plain; application/json',
  ])('a body of type %s changes nothing', async (type) => {
    const { ask, scheduler } = await opened()
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    for (const [method, path, body] of [
      ['POST', '/jobs/plain/trigger', '{}'],
      ['POST', '/jobs/plain/suspend', '{"reason":"x"}'],
      ['POST', '/dead/replay', ''],
      ['POST', '/jobs/plain/cancel', '{}'],
      ['PUT', '/jobs/plain/schedules/k', '{"every":"6h"}'],
    ] as const) {
      expect([
        path,
        (await ask(path, { method, token: WRITE, headers, body: new TextDecoder().decode(new TextEncoder().encode(body)) })).status,
      ]).toEqual([path, 415])
    }
    expect(await scheduler.runs.find()).toEqual([])
    expect(await scheduler.schedules.list()).toEqual([])
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])('%s is JSON', async (type) => {
    const { post } = await opened()
    expect((await post('/jobs/plain/trigger', {}, { 'content-type': type })).status).toBe(202)
  })

  it('a browser that says that another site asks is refused, and preflights find no CORS', async () => {
    const { post, ask, scheduler } = await handling({ authorize: () => true })
    expect((await post('/jobs/plain/trigger', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await ask('/jobs/plain/schedules/k', { method: 'DELETE', headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await post('/jobs/plain/trigger', {}, { 'sec-fetch-site': 'same-origin' })).status).toBe(202)
    const preflight = await ask('/jobs/plain/trigger', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([405, null])
    expect(await scheduler.runs.find()).toHaveLength(1)
  })
})

describe('bodies', () => {
  it.each([
    ['told', (bytes: number) => [`Content-Length: ${bytes}`]],
    ['not told', () => ['Transfer-Encoding: chunked']],
  ] as const)('too large ones are refused, %s beforehand', async (_, lengthOf) => {
    const { port, scheduler } = await served({ limits: { body: 1_000 } })
    const bytes = 200_000
    const isChunked = lengthOf(bytes)[0]?.startsWith('Transfer') === true
    const answer = await sendRaw(port, head('POST /jobs/plain/trigger', write, json, ...lengthOf(bytes)), (send) => {
      for (let sent = 0; sent < bytes; sent += 10_000) send(isChunked ? `2710\r\n${' '.repeat(10_000)}\r\n` : ' '.repeat(10_000))
    })
    expect(statusOf(answer)).toBe(413)
    expect(answer.toLowerCase()).toContain('connection: close')
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('just not too large ones are taken', async () => {
    const { post } = await opened({ limits: { body: 1_000 } })
    const body = JSON.stringify({ key: '' })
    expect((await post('/jobs/plain/trigger', body.padEnd(1_000, ' '))).status).toBe(202)
    expect((await post('/jobs/plain/trigger', body.padEnd(1_001, ' '))).status).toBe(413)
    // In bytes, not in characters.
    expect((await post('/jobs/plain/trigger', JSON.stringify({ key: 'ü'.repeat(496) }))).status).toBe(413)
  })

  it('slow ones are cut off', async () => {
    const { port, scheduler } = await served({ limits: { bodyTimeout: 100 } })
    const answer = await sendRaw(port, head('POST /jobs/plain/trigger', write, json, 'Content-Length: 10'), (send) => send('{"'))
    expect(statusOf(answer)).toBe(408)
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('nothing is read of whoever may not write', async () => {
    const { handler } = await opened()
    let pulled = 0
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' }
    expect((await handler(new Request('http://localhost/jobs/plain/trigger', init as RequestInit))).status).toBe(403)
    expect(pulled).toBe(0)
  })

  it('ones that end too soon change nothing', async () => {
    const { port, scheduler, ask } = await served()
    const { connect } = await import('node:net')
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`${head('POST /jobs/plain/trigger', write, json, 'Content-Length: 10')}{}`, () => socket.destroy()),
      )
      socket.on('close', () => resolve())
    })
    expect((await ask('/live')).status).toBe(200)
    expect(await scheduler.runs.find()).toEqual([])
  })

  it.each([
    ['no JSON', '{"key"', 400],
    ['two values', '{}{}', 400],
    ['a list', '[]', 422],
    ['a text', '"x"', 422],
    ['null', 'null', 422],
    ['an unknown member', '{"keys":"x"}', 422],
    ['a wrong type', '{"key":1}', 422],
    ['a control character', '{"key":"a\\u0000b"}', 422],
    ['a prototype', '{"__proto__":{"isAdmin":true}}', 400],
    ['a prototype, deep down', '{"payload":[{"a":{"__proto__":{"isAdmin":true}}}]}', 400],
    ['an escaped prototype', '{"\\u005f_proto__":{"isAdmin":true}}', 400],
    ['a depth that exhausts stacks', `{"payload":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400],
    ['a byte order mark', '\uFEFF{', 400],
  ])('%s: refused', async (_, body, code) => {
    const { post, scheduler } = await opened()
    expect((await post('/jobs/plain/trigger', body)).status).toBe(code)
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined()
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('bytes that are no UTF-8 are refused', async () => {
    const { handler } = await opened()
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${WRITE}` },
      body: new Uint8Array([...Buffer.from(`{"key":"`), 0xff, ...Buffer.from(`"}`)]),
    }
    expect((await handler(new Request('http://localhost/jobs/plain/trigger', init))).status).toBe(400)
  })

  it('two requests in one (request smuggling) are refused', async () => {
    const { port, scheduler } = await served()
    const inner = 'POST /jobs/plain/trigger HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    const answer = await sendRaw(
      port,
      `${head('POST /jobs/plain/trigger', json, `Content-Length: ${inner.length}`, 'Transfer-Encoding: chunked')}0\r\n\r\n${inner}`,
    )
    expect(statusOf(answer)).toBe(400)
    expect(await scheduler.runs.find()).toEqual([])
  })
})

describe('what stays inside', () => {
  it('sensitive paths of payloads, stacks and secrets are in no answer', async () => {
    const { read, post, ask } = await opened({ health: { cacheFor: 0 } })
    const payload = { days: 1, token: CANARY }
    const texts: string[] = []
    const keep = async (answer: ReturnType<typeof read>): Promise<Record<string, unknown>> => {
      const { text, headers, json: value } = await answer
      texts.push(text, JSON.stringify(Object.fromEntries(headers)))
      return value
    }
    const { runId } = await keep(post('/jobs/with-payload/trigger?wait=5s', { payload }))
    await keep(post(`/runs/${String(runId)}/replay?wait=5s`, {}))
    await keep(ask('/workers/with-payload', { method: 'POST', token: CRON, body: payload }))
    await keep(post('/jobs/with-payload/trigger', { payload: { days: 'x', token: CANARY } }))
    await keep(ask('/workers/with-payload', { method: 'POST', token: CRON, body: { days: 'x', token: CANARY } }))
    const dead = await keep(post('/jobs/fails/trigger?wait=5s', {}))
    expect(dead).toMatchObject({ run: { state: 'dead', error: { name: 'Error', message: 'it does not work' } } })
    await keep(
      ask('/jobs/with-payload/schedules/k', {
        method: 'PUT',
        token: WRITE,
        headers: { 'content-type': 'application/json' },
        body: { every: '6h', payload },
      }),
    )
    for (const path of [
      '/runs',
      '/dead',
      `/runs/${String(runId)}`,
      `/runs/${String(dead.runId)}`,
      '/jobs',
      '/jobs/with-payload',
      '/jobs/with-payload/schedules',
      '/jobs/with-payload/schedules/k',
      '/schedules',
      '/snapshot',
      '/health',
      '/health/fails',
      '/audit',
      '/openapi.json',
    ]) {
      await keep(read(path))
    }
    const all = texts.join('\n')
    expect(all).toContain('[redacted]')
    for (const secret of [CANARY, READ, WRITE, CRON, 'node_modules', '.test.ts', '    at ']) expect(all).not.toContain(secret)
  })

  it('what goes wrong inside is said in the log alone', async () => {
    const lines: { fields: Record<string, unknown> }[] = []
    const quiet = (): void => undefined
    const { scheduler } = await handling()
    const broken = { ...scheduler, preview: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432 user=admin')) }
    const logger = {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (fields: object) => void lines.push({ fields: fields as Record<string, unknown> }),
    }
    const handler = createHandler(broken as never, { authorize: authorizeTokens({ read: READ }), logger })
    const response = await handler(new Request('http://localhost/jobs/plain/preview', { headers: { authorization: `Bearer ${READ}` } }))
    const body = (await response.json()) as Record<string, unknown>
    expect([response.status, JSON.stringify(body)]).toEqual([500, expect.not.stringContaining('10.0.0.7')])
    expect(lines[0]?.fields).toMatchObject({ requestId: body.requestId, err: { message: expect.stringContaining('10.0.0.7') } })
  })

  it('a store that fails is 503 without its message, and says when to come back', async () => {
    const { QuarterjackError } = await import('@quarterjack/core')
    const { scheduler } = await handling()
    const broken = {
      ...scheduler,
      runs: { ...scheduler.runs, find: () => Promise.reject(new QuarterjackError('StoreUnavailable', 'no route to 10.0.0.7')) },
    }
    const handler = createHandler(broken as never, { authorize: () => true, logger: false })
    const response = await handler(new Request('http://localhost/runs'))
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      503,
      '5',
      expect.not.stringContaining('10.0.0.7'),
    ])
  })
})
