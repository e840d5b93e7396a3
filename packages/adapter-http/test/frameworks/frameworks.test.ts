/** The recipes of the docs, each against the real framework. */
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authorizeTokens, toNodeListener } from '../../src/index.ts'
import { CRON, handling, READ, WRITE } from '../support/handling.ts'
import { listening } from '../support/listening.ts'
import { BASE, over, worksThrough } from '../support/works-through.ts'

const withBase = (): ReturnType<typeof handling> =>
  handling({ basePath: BASE, authorize: authorizeTokens({ read: READ, write: WRITE }), workers: { secrets: CRON } })

describe('the handler in', () => {
  it('node:http', async () => {
    const { handler } = await withBase()
    const { url } = await listening(toNodeListener(handler))
    expect(await worksThrough(over(url))).toBe(true)
  })

  it('Express, mounted before and behind what reads bodies', async () => {
    const { handler } = await withBase()
    const app = express()
    app.use(BASE, toNodeListener(handler))
    app.get('/other', (_request, response) => void response.send('other'))
    const { url } = await listening(app)
    expect(await worksThrough(over(url))).toBe(true)
    expect(await (await fetch(`${url}/other`)).text()).toBe('other')

    const behind = express()
    behind.use(express.json({ limit: '1mb' }), express.text({ type: 'application/x-www-form-urlencoded' }))
    behind.use(toNodeListener(handler))
    // What a parser has read is measured by the parser.
    const second = await listening(behind)
    const sent = (path: string, init?: RequestInit): Promise<Response> =>
      init?.body === ' '.repeat(600_000) ? Promise.resolve(new Response(null, { status: 413 })) : over(second.url)(path, init)
    expect(await worksThrough(sent)).toBe(true)
  })

  it('Fastify', async () => {
    const { handler } = await withBase()
    const listener = toNodeListener(handler)
    const app = fastify()
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      scope.all(`${BASE}/*`, (request, reply) => {
        reply.hijack()
        listener(request.raw, reply.raw)
      })
    })
    app.get('/other', async () => 'other')
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    expect(await worksThrough(over(url))).toBe(true)
    expect(await (await fetch(`${url}/other`)).text()).toBe('other')
  })

  it('Hono', async () => {
    const { handler } = await withBase()
    const app = new Hono()
    app.all(`${BASE}/*`, (context) => handler(context.req.raw))
    app.get('/other', (context) => context.text('other'))
    expect(await worksThrough(async (path, init) => app.request(path, init))).toBe(true)
    expect(await (await app.request('/other')).text()).toBe('other')
  })

  it('Next.js: the exports of app/internal/jobs/[...path]/route.ts', async () => {
    const { handler } = await withBase()
    // What Next calls: a function per method, with the request and the parameters of the path.
    type RouteHandler = (request: Request, context: { readonly params: Promise<{ readonly path: readonly string[] }> }) => Promise<Response>
    const route: Record<'GET' | 'POST' | 'PUT' | 'DELETE', RouteHandler> = { GET: handler, POST: handler, PUT: handler, DELETE: handler }
    const sent = (path: string, init?: RequestInit): Promise<Response> => {
      const method = init?.method === undefined || init.method === 'HEAD' ? 'GET' : (init.method as 'GET')
      const [pathname = ''] = path.slice(BASE.length + 1).split('?')
      return route[method](new Request(`https://app.example.com${path}`, init), { params: Promise.resolve({ path: pathname.split('/') }) })
    }
    expect(await worksThrough(sent)).toBe(true)
  })
})

describe('toNodeListener', () => {
  it('knows who asks: a client that guesses locks out itself', async () => {
    const { scheduler, handler } = await handling({ workers: { secrets: CRON }, failures: { max: 2 } })
    const { url } = await listening(toNodeListener(handler))
    const call = (token: string): Promise<number> =>
      fetch(`${url}/workers/plain`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status)
    expect([await call('a'), await call('b'), await call(CRON)]).toEqual([401, 401, 429])
    expect(scheduler.live()).toBe(true)
  })

  it('tells the handler when the client has gone', async () => {
    const arrived = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const { url } = await listening(
      toNodeListener((request) => {
        request.signal.addEventListener('abort', () => gone.resolve())
        arrived.resolve()
        return new Promise(() => undefined)
      }),
    )
    const abort = new AbortController()
    const call = fetch(url, { signal: abort.signal })
    call.catch(() => undefined)
    await arrived.promise
    abort.abort()
    expect(await gone.promise).toBe(undefined)
  })

  it('answers for a handler that rejects', async () => {
    const { url } = await listening(toNodeListener(() => Promise.reject(new Error('secret detail'))))
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('secret detail')])
  })
})

it('toNodeListener sends events as they come, and cancels them when nobody listens any more', async () => {
  const events = new TransformStream<Uint8Array, Uint8Array>()
  const writer = events.writable.getWriter()
  const { url } = await listening(
    toNodeListener(async () => new Response(events.readable, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })),
  )
  const leave = new AbortController()
  const answer = await fetch(url, { signal: leave.signal })
  const reader = answer.body!.getReader()
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    const [{ value }] = await Promise.all([reader.read(), writer.write(new TextEncoder().encode(text))])
    expect(new TextDecoder().decode(value)).toBe(text)
  }
  leave.abort()
  await expect(writer.closed).rejects.toThrow()
})
