/** The gate: what is closed, to whom, and how often one may knock. */
import type { Logger } from '@quarterjack/core'
import { fakeClock } from '@quarterjack/core/testing'
import { describe, expect, it } from 'vitest'
import { authorizeTokens, createHandler, type Wanted } from '../../src/index.ts'
import { rememberAddress } from '../../src/security/client-address.ts'
import { CRON, handling, opened, READ, WRITE } from '../support/handling.ts'

/** Everything that changes something, and everything that shows something. */
const READS = [
  '/jobs',
  '/jobs/plain',
  '/jobs/plain/preview',
  '/jobs/plain/schedules',
  '/jobs/plain/schedules/k',
  '/runs',
  '/runs/x',
  '/dead',
  '/schedules',
  '/audit',
  '/snapshot',
  '/metrics',
  '/openapi.json',
]
const WRITES = [
  ['POST', '/jobs/plain/trigger'],
  ['POST', '/jobs/plain/suspend'],
  ['POST', '/jobs/plain/resume'],
  ['POST', '/runs/x/cancel'],
  ['POST', '/jobs/plain/cancel'],
  ['POST', '/runs/x/replay'],
  ['POST', '/dead/replay'],
  ['PUT', '/jobs/plain/schedules/k'],
  ['DELETE', '/jobs/plain/schedules/k'],
] as const
const WORKERS = ['/workers/plain', '/tick']

describe('without authorize and workers', () => {
  it('everything is 403 but liveness, readiness and the status of health', async () => {
    const { ask, scheduler } = await handling()
    const json = { 'content-type': 'application/json' }
    for (const path of READS) expect([path, (await ask(path, { token: READ })).status]).toEqual([path, 403])
    for (const [method, path] of WRITES)
      expect([path, (await ask(path, { method, token: WRITE, headers: json, body: {} })).status]).toEqual([path, 403])
    for (const path of WORKERS) {
      for (const method of ['GET', 'POST']) expect([path, (await ask(path, { method, token: CRON })).status]).toEqual([path, 403])
    }
    for (const path of ['/live', '/ready', '/health', '/health/plain']) expect((await ask(path)).status).toBe(200)
    expect((await ask('/health')).text).toBe('{"status":"ok"}')
    expect(await scheduler.runs.find()).toEqual([])
  })
})

describe('permissions', () => {
  it('reading and writing are two things, and the cron secret is neither', async () => {
    const { ask } = await opened()
    const json = { 'content-type': 'application/json' }
    for (const path of READS) {
      expect([path, (await ask(path)).status]).toEqual([path, 403])
      expect([path, (await ask(path, { token: CRON })).status]).toEqual([path, 403])
      expect([path, [200, 404].includes((await ask(path, { token: READ })).status)]).toEqual([path, true])
    }
    for (const [method, path] of WRITES) {
      expect([path, (await ask(path, { method, token: READ, headers: json, body: {} })).status]).toEqual([path, 403])
    }
    for (const path of WORKERS) {
      for (const token of [READ, WRITE, '']) expect([path, (await ask(path, { token })).status]).toEqual([path, 401])
    }
  })

  it('tells authorize what is wanted, and gives it a request whose body it cannot use up', async () => {
    const wanted: Wanted[] = []
    const { post, read, scheduler } = await handling({
      authorize: async (request, want) => {
        wanted.push(want)
        await request.text()
        return true
      },
    })
    expect((await post('/jobs/with-payload/trigger?wait=5s', { payload: { days: 1 } })).status).toBe(200)
    await read('/runs')
    await read('/jobs/plain')
    expect(wanted).toEqual([
      { permission: 'write', operation: 'triggerJob', job: 'with-payload' },
      { permission: 'read', operation: 'listRuns', job: null },
      { permission: 'read', operation: 'getJob', job: 'plain' },
    ])
    expect((await scheduler.runs.find())[0]?.payload).toEqual({ days: 1 })
  })

  it.each([
    ['false', () => false],
    ['something true-like', () => ({ user: 1 })],
    ['nothing', () => undefined],
    [
      'an error',
      () => {
        throw new Error('directory is down')
      },
    ],
    ['a rejection', () => Promise.reject(new Error('directory is down'))],
  ])('is refused on %s', async (_, authorize) => {
    const { ask } = await handling({ authorize: authorize as never })
    const answer = await ask('/jobs')
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain('directory')
  })

  it('secrets and tokens that are not set open nothing', async () => {
    const lines: unknown[] = []
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: (_, message) => void lines.push(message) }
    const { ask } = await handling({
      logger,
      authorize: authorizeTokens({ read: () => '', write: () => ['', ' '] }),
      workers: { secrets: () => process.env.QJ_NOT_SET ?? '' },
    })
    for (const headers of [
      {},
      { authorization: 'Bearer ' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer  ' },
      { authorization: '' },
    ]) {
      expect((await ask('/jobs', { headers })).status).toBe(403)
      expect((await ask('/workers/plain', { headers })).status).toBe(403)
    }
    expect(lines).toContain('workers.secrets gave no secret (is the variable set?): the request is refused')
  })

  it('several secrets work while one replaces the other, and are asked for at each request', async () => {
    let secrets: string | readonly string[] = ['old-secret-1', 'new-secret-2']
    const { ask } = await handling({ workers: { secrets: async () => secrets } })
    expect((await ask('/workers/plain', { token: 'old-secret-1' })).status).toBe(200)
    expect((await ask('/workers/plain', { token: 'new-secret-2' })).status).toBe(200)
    secrets = 'new-secret-2'
    expect((await ask('/workers/plain', { token: 'old-secret-1' })).status).toBe(401)
    expect((await ask('/workers/plain', { token: 'new-secret-2' })).status).toBe(200)
  })

  it.each(['bearer', 'BEARER'])('takes the scheme as %s', async (scheme) => {
    const { ask } = await opened()
    expect((await ask('/workers/plain', { headers: { authorization: `${scheme} ${CRON}` } })).status).toBe(200)
  })

  it.each([
    `Basic ${btoa(`:${CRON}`)}`,
    CRON,
    `Bearer ${CRON}, Bearer ${CRON}`,
    `Bearer ${CRON} x`,
    `Bearer ${CRON}x`,
    `Bearer ${CRON.slice(0, -1)}`,
    `Token ${CRON}`,
  ])('refuses %s', async (authorization) => {
    const { ask } = await opened()
    expect((await ask('/workers/plain', { headers: { authorization } })).status).toBe(401)
    expect((await ask(`/workers/plain?token=${CRON}&authorization=${CRON}`)).status).toBe(401)
  })
})

describe('the bound on failures', () => {
  const clock = fakeClock()
  const from = (path: string, address: string, token?: string): Request => {
    const request = new Request(`http://localhost${path}`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
    rememberAddress(request, address)
    return request
  }
  const guarded = async (): Promise<(request: Request) => Promise<number>> => {
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, {
      logger: false,
      clock,
      authorize: authorizeTokens({ read: READ }),
      workers: { secrets: CRON },
      failures: { max: 3, per: '1m' },
    })
    return async (request) => (await handler(request)).status
  }

  it('answers 429 to a client that guesses, even when it guesses right, and to no other', async () => {
    const status = await guarded()
    for (let guess = 0; guess < 3; guess++) expect(await status(from('/workers/plain', '10.0.0.1', `guess-${guess}`))).toBe(401)
    expect(await status(from('/workers/plain', '10.0.0.1', CRON))).toBe(429)
    expect(await status(from('/jobs', '10.0.0.1', READ))).toBe(429)
    expect(await status(from('/health', '10.0.0.1'))).toBe(200)
    expect(await status(from('/workers/plain', '10.0.0.2', CRON))).toBe(200)
    await clock.advance('61s')
    expect(await status(from('/workers/plain', '10.0.0.1', CRON))).toBe(200)
  })

  it('says when to come back', async () => {
    const { ask } = await opened({ failures: { max: 1, per: '1m' }, client: () => 'me', clock })
    expect((await ask('/jobs', { token: 'x' })).status).toBe(403)
    const refused = await ask('/jobs', { token: READ })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
  })

  it('counts guesses at /health, but not monitors without credentials', async () => {
    const status = await guarded()
    for (let look = 0; look < 10; look++) expect(await status(from('/health', '10.0.0.3'))).toBe(200)
    expect(await status(from('/jobs', '10.0.0.3', READ))).toBe(200)
    for (let guess = 0; guess < 3; guess++) await status(from('/health', '10.0.0.3', `guess-${guess}`))
    expect(await status(from('/jobs', '10.0.0.3', READ))).toBe(429)
  })

  it('takes a network of IPv6 for one client, and an IPv4 address for itself in whatever form', async () => {
    const status = await guarded()
    for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:aaaa::2', '2001:0db8:0001:0002:3:4:5:6'])
      await status(from('/jobs', address, 'x'))
    expect(await status(from('/jobs', '2001:db8:1:2:ffff::9', READ))).toBe(429)
    expect(await status(from('/jobs', '2001:db8:1:3::1', READ))).toBe(200)
    for (const address of ['::ffff:10.9.9.9', '10.9.9.9', '::ffff:10.9.9.9']) await status(from('/jobs', address, 'x'))
    expect(await status(from('/jobs', '10.9.9.9', READ))).toBe(429)
  })

  it('gives clients whose address is not known ten times as much together', async () => {
    const { ask } = await opened({ failures: { max: 2, per: '1m' }, clock })
    for (let guess = 0; guess < 20; guess++) expect((await ask('/jobs', { token: 'x' })).status).toBe(403)
    expect((await ask('/jobs', { token: READ })).status).toBe(429)
  })
})

describe('log lines', () => {
  it('each carries the id of its request, which the answer has too; none has a secret', async () => {
    const lines: { fields: Record<string, unknown>; message: string | undefined }[] = []
    const write = (fields: object, message?: string): void => void lines.push({ fields: fields as Record<string, unknown>, message })
    const logger: Logger = { debug: write, info: write, warn: write, error: write }
    const { ask, read, post } = await opened({
      logger,
      authorize: (request, wanted) => {
        if (request.headers.get('x-fail') !== null) throw new Error('directory is down')
        return authorizeTokens({ read: READ, write: WRITE })(request, wanted)
      },
    })
    const answers = [
      await ask('/health'),
      await read('/runs?key=query-canary'),
      await ask('/jobs', { token: 'guess-canary' }),
      await ask('/workers/plain', { token: CRON }),
      await post('/jobs/with-payload/trigger', { payload: { days: 1, token: 'payload-canary' } }),
      await ask('/jobs', { headers: { 'x-fail': '1', 'x-request-id': 'given-id.1' } }),
      await ask('/nothing-canary'),
    ]
    const ids = new Set(answers.map(({ headers }) => headers.get('x-request-id')))
    expect(ids.size).toBe(answers.length)
    expect(ids).toContain('given-id.1')
    expect(new Set(lines.map(({ fields }) => fields.requestId))).toEqual(ids)
    expect(lines.filter(({ message }) => message?.startsWith('request')).length).toBe(answers.length)
    expect(lines.find(({ fields }) => fields.operation === 'triggerJob')?.fields).toMatchObject({
      job: 'with-payload',
      status: 202,
      runId: expect.any(String),
    })
    const text = JSON.stringify(lines)
    for (const secret of [READ, WRITE, CRON, 'guess-canary', 'payload-canary', 'query-canary', 'nothing-canary'])
      expect(text).not.toContain(secret)
  })

  it('a request id that could break a line or a header is replaced', async () => {
    const { ask } = await opened()
    for (const id of ['a b', 'x'.repeat(129), '<script>', 'a,b']) {
      expect((await ask('/live', { headers: { 'x-request-id': id } })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('a logger that throws hurts nobody', async () => {
    const fails = (): never => {
      throw new Error('disk full')
    }
    const { ask } = await opened({ logger: { debug: fails, info: fails, warn: fails, error: fails } })
    expect((await ask('/live')).status).toBe(200)
    expect((await ask('/jobs')).status).toBe(403)
  })
})
