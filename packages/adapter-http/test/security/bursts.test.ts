/** Many guesses at once, and names that mean harm. */
import type { Logger } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { createHandler, toNodeListener } from '../../src/index.ts'
import { rememberAddress } from '../../src/security/client-address.ts'
import { CRON, handling, opened, READ, WRITE } from '../support/handling.ts'
import { listening } from '../support/listening.ts'

const GUESSES = 500

/** Requests of one client, all of which are under way before the first is judged; the 300th brings the right token. */
function burst(path: string, right: string, init: RequestInit = {}): readonly Request[] {
  return Array.from({ length: GUESSES }, (_, index) => {
    const token = index === 300 ? right : `guess-${index}`
    const request = new Request(`http://localhost${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } })
    rememberAddress(request, '192.0.2.7')
    return request
  })
}

const count = (statuses: readonly number[]): Readonly<Record<number, number>> =>
  Object.fromEntries([...Map.groupBy(statuses, (status) => status)].map(([status, all]) => [status, all.length]))

describe('many guesses at once', () => {
  /** As one that looks into a database. */
  const slow = async (request: Request): Promise<boolean> => {
    const token = request.headers.get('authorization')
    await new Promise((resolve) => setImmediate(resolve))
    return token === `Bearer ${WRITE}`
  }

  it('of what authorize permits are bounded as one by one', async () => {
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, { logger: false, authorize: slow })
    const json = { 'content-type': 'application/json' }
    const requests = burst('/jobs/plain/trigger', WRITE, { method: 'POST', headers: json, body: '{}' })
    const statuses = (await Promise.all(requests.map(handler))).map(({ status }) => status)
    expect(count(statuses)).toEqual({ 403: 20, 429: GUESSES - 20 })
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('of the secret of workers are bounded as one by one', async () => {
    const { scheduler } = await handling()
    const secrets = async (): Promise<string> => {
      await new Promise((resolve) => setImmediate(resolve))
      return CRON
    }
    const handler = createHandler(scheduler, { logger: false, workers: { secrets } })
    const statuses = (await Promise.all(burst('/workers/plain', CRON).map(handler))).map(({ status }) => status)
    expect(count(statuses)).toEqual({ 401: 20, 429: GUESSES - 20 })
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('tell nothing by what health shows', async () => {
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, { logger: false, authorize: slow })
    const texts = await Promise.all((await Promise.all(burst('/health', WRITE).map(handler))).map((response) => response.text()))
    expect(new Set(texts)).toEqual(new Set(['{"status":"ok"}']))
  })

  it('leave those alone who guess nothing, however many they are', async () => {
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, { logger: false, authorize: slow })
    const right = Array.from(
      { length: GUESSES },
      () => new Request('http://localhost/jobs', { headers: { authorization: `Bearer ${WRITE}` } }),
    )
    expect(count((await Promise.all(right.map(handler))).map(({ status }) => status))).toEqual({ 200: GUESSES })
  })
})

describe('names that mean harm', () => {
  it('a parameter __proto__ reaches no function of a route', async () => {
    const seen: unknown[] = []
    const { ask } = await opened({
      workers: {
        secrets: CRON,
        routes: { 'by/:id': { job: 'plain', payload: ({ query, params }) => void seen.push(Object.assign({}, query), params) } },
      },
    })
    for (const query of ['__proto__=x', '__proto__=x&__proto__=y', '%5F_proto__=x', 'a=1&__proto__[isAdmin]=1&__proto__=x']) {
      expect([query, (await ask(`/workers/by/7?${query}`, { token: CRON })).status]).toEqual([query, 400])
    }
    expect((await ask('/workers/by/__proto__?constructor=x', { token: CRON })).status).toBe(200)
    expect(JSON.stringify(seen)).toBe('[{"constructor":"x"},{"id":"__proto__"}]')
    for (const one of seen) expect(Object.getPrototypeOf(one as object)).toBe(Object.prototype)
    expect((await ask('/health?__proto__=x')).status).toBe(200)
    expect((await ask('/jobs?__proto__=x', { token: READ })).status).toBe(400)
  })

  it('what is no name of a job is not in the log, though the public may ask for it', async () => {
    const lines: string[] = []
    const write = (fields: object, message?: string): void => void lines.push(JSON.stringify([fields, message]))
    const logger: Logger = { debug: write, info: write, warn: write, error: write }
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, { logger })
    for (const name of ['%E2%80%A8level=error', '%E2%80%AEtxt.exe', 'a%20b%20status=200', 'x'.repeat(200)]) {
      await handler(new Request(`http://localhost/health/${name}`))
    }
    await handler(new Request('http://localhost/health/plain'))
    expect(lines).toHaveLength(5)
    expect(lines.map((line) => (JSON.parse(line) as [{ job?: string }])[0].job)).toEqual([
      ...Array.from({ length: 4 }, () => undefined),
      'plain',
    ])
  })
})

describe('what a caller says of its trace', () => {
  const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  it('goes along with the run, and the id of the request with it', async () => {
    const { post, ask, scheduler } = await opened({ workers: { secrets: CRON, wait: 0 } }, { start: false })
    const headers = { traceparent: PARENT, tracestate: 'vendor=1', 'x-request-id': 'r-1' }
    const triggered = await post('/jobs/plain/trigger', {}, headers)
    expect(triggered.json).toMatchObject({ run: { trace: { traceparent: PARENT, tracestate: 'vendor=1', requestId: 'r-1' } } })
    expect((await ask('/workers/idle', { token: CRON, headers: { traceparent: PARENT, 'x-request-id': 'r-2' } })).status).toBe(202)
    expect(await scheduler.runs.find({ job: 'idle' })).toMatchObject([{ trace: { traceparent: PARENT, requestId: 'r-2' } }])
  })

  it.each([
    ['none', {}],
    ['no trace', { traceparent: 'x' }],
    ['two', { traceparent: `${PARENT}, ${PARENT}` }],
    ['another form', { traceparent: PARENT.toUpperCase() }],
    ['one of zeros', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    ['a state alone', { tracestate: 'vendor=1' }],
  ])('is left out where it is %s', async (_, headers) => {
    const { post } = await opened({}, { start: false })
    const { json, headers: answered } = await post('/jobs/plain/trigger', {}, headers)
    expect((json.run as { trace: unknown }).trace).toEqual({ requestId: answered.get('x-request-id') })
  })

  it('is left out of the state where that is too long, or not printable', async () => {
    const { post } = await opened({}, { start: false })
    for (const tracestate of ['x'.repeat(513), 'a=é']) {
      const { json } = await post('/jobs/plain/trigger', {}, { traceparent: PARENT, tracestate, 'x-request-id': 'r' })
      expect((json.run as { trace: unknown }).trace).toEqual({ traceparent: PARENT, requestId: 'r' })
    }
  })
})

describe('answers of other functions behind toNodeListener', () => {
  it('keep their cookies apart, and have no length without a body', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2; HttpOnly'],
    ])
    const { url } = await listening(toNodeListener(async () => new Response(null, { status: 204, headers })))
    const answer = await fetch(url)
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; HttpOnly'])
    expect([answer.status, answer.headers.get('content-length')]).toEqual([204, null])
  })
})
