/** Worker endpoints: what an external cron calls. */
import { createScheduler, defineJob, memoryStore, type Scheduler } from '@quarterjack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as z from 'zod'
import { createHandler, type WorkersOptions } from '../../src/index.ts'
import { until } from '../support/context.ts'
import { CRON, handling, opened } from '../support/handling.ts'

const workers = { secrets: CRON }

/** A job whose runs end when the test says so. */
function held(name: string): { readonly job: ReturnType<typeof defineJob>; release(): void; readonly runs: string[] } {
  const runs: string[] = []
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const job = defineJob({
    name,
    run: async ({ runId, signal }) => {
      runs.push(runId)
      await Promise.race([gate, new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))])
    },
  })
  return { job: job as ReturnType<typeof defineJob>, release: () => release(), runs }
}

describe('a worker endpoint', () => {
  it('runs the job by GET and by POST, and answers when it is done', async () => {
    const { ask, scheduler } = await opened()
    for (const method of ['GET', 'POST']) {
      const { status, json } = await ask('/workers/plain', { method, token: CRON })
      expect([status, json]).toEqual([200, { status: 'succeeded', job: 'plain', runId: expect.any(String) }])
      expect(await scheduler.runs.get(json.runId as string)).toMatchObject({ state: 'succeeded', trigger: 'manual' })
    }
  })

  it('does nothing by HEAD and other methods, whatever a header says', async () => {
    const { ask, scheduler } = await opened()
    for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await ask('/workers/plain', {
        method,
        token: CRON,
        headers: { 'x-http-method-override': 'POST', 'x-method-override': 'GET' },
      })
      expect([method, status, headers.get('allow')]).toEqual([method, 405, 'GET, POST'])
    }
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('tells of failures and skips by the status', async () => {
    const { ask } = await opened()
    expect(await ask('/workers/fails', { token: CRON })).toMatchObject({ status: 500, json: { code: 'RunFailed', job: 'fails' } })
    expect((await ask('/workers/fails', { token: CRON })).text).not.toContain('it does not work')
    expect(await ask('/workers/idle', { token: CRON })).toMatchObject({
      status: 200,
      json: { status: 'skipped', reason: 'handler: nothing to do' },
    })
    expect(await ask('/workers/nope', { token: CRON })).toMatchObject({ status: 404, json: { code: 'UnknownJob' } })
  })

  it.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain', undefined])('takes JSON as %s', async (type) => {
    const { ask, scheduler } = await opened()
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const { status, json } = await ask('/workers/with-payload', { method: 'POST', token: CRON, headers, body: { days: 3 } })
    expect(status).toBe(200)
    expect((await scheduler.runs.get(json.runId as string))?.result).toEqual({ days: 3 })
  })

  it.each([
    ['no JSON', 'retentionDays=30', 400],
    ['a payload that does not fit', '{"days":"many"}', 422],
    ['no payload where one is needed', '', 422],
    ['a list', '[1]', 422],
  ])('refuses %s', async (_, body, code) => {
    const { ask, scheduler } = await opened()
    expect((await ask('/workers/with-payload', { method: 'POST', token: CRON, body })).status).toBe(code)
    expect(await scheduler.runs.find()).toEqual([])
  })

  it('answers 202 for a run that goes on', async () => {
    const { job, release } = held('slow')
    const { ask, scheduler } = await opened({ workers: { ...workers, wait: 30 } }, { jobs: [job] })
    const { status, json } = await ask('/workers/slow', { token: CRON })
    expect([status, json.status]).toEqual([202, 'accepted'])
    release()
    await scheduler.stop()
    expect(await scheduler.runs.get(json.runId as string)).toMatchObject({ state: 'succeeded' })
  })

  it('answers a call during a run with 200 skipped, or as the job says', async () => {
    const { job, release, runs } = held('slow')
    const { ask } = await opened({ workers: { ...workers, wait: 0, routes: { again: { job: 'slow', overlap: 'job' } } } }, { jobs: [job] })
    expect((await ask('/workers/slow', { token: CRON })).status).toBe(202)
    await until(() => runs.length === 1)
    expect(await ask('/workers/slow', { token: CRON })).toMatchObject({ status: 200, json: { status: 'skipped', reason: 'overlap' } })
    expect(await ask('/workers/again', { token: CRON })).toMatchObject({ status: 202, json: { status: 'accepted' } })
    release()
  })

  it('concurrent retries with one Idempotency-Key share one run', async () => {
    const { job, release, runs } = held('slow')
    const { ask } = await opened({ workers }, { jobs: [job] })
    const call = (key: string): ReturnType<typeof ask> =>
      ask('/workers/slow', { method: 'POST', token: CRON, headers: { 'idempotency-key': key } })
    const calls = Array.from({ length: 10 }, () => call('2026-01-01'))
    await until(() => runs.length === 1)
    calls.push(call('2026-01-01'))
    release()
    const answers = await Promise.all(calls)
    expect(new Set(answers.map(({ json }) => json.runId))).toEqual(new Set(runs))
    expect(new Set(answers.map(({ status, json }) => `${status} ${String(json.status)}`))).toEqual(new Set(['200 succeeded']))
    expect(runs).toHaveLength(1)
    // Also long after it has ended.
    expect((await call('2026-01-01')).json.runId).toBe(runs[0])
    expect((await call('2026-01-02')).json.runId).not.toBe(runs[0])
  })

  it('stops waiting when more wait than may, and when the caller hangs up', async () => {
    const { job, release, runs } = held('slow')
    const { scheduler, handler, ask } = await opened({ workers: { ...workers, overlap: 'job' }, limits: { waiting: 1 } }, { jobs: [job] })
    const gone = new AbortController()
    const request = new Request('http://localhost/workers/slow', { headers: { authorization: `Bearer ${CRON}` }, signal: gone.signal })
    const first = handler(request)
    await until(() => runs.length === 1)
    expect((await ask('/workers/slow', { token: CRON })).status).toBe(202)
    gone.abort()
    expect((await first).status).toBe(202)
    release()
    expect((await ask('/workers/slow', { token: CRON })).status).toBe(200)
    expect(await scheduler.runs.find()).toHaveLength(3)
  })

  it('reaches the jobs that it may, and no others', async () => {
    const { ask } = await opened({ workers: { ...workers, jobs: ['plain'], routes: { 'nightly/idle': 'idle' } } })
    expect((await ask('/workers/plain', { token: CRON })).status).toBe(200)
    expect((await ask('/workers/idle', { token: CRON })).status).toBe(404)
    expect((await ask('/workers/nightly/idle', { token: CRON })).status).toBe(200)
  })
})

describe('paths of the user’s own', () => {
  const analyse = defineJob({
    name: 'analyze-github',
    payload: z.object({ id: z.string(), periodHours: z.number().optional() }),
    run: ({ payload, key }) => ({ ...payload, key }),
  })

  async function calling(routes: Pick<WorkersOptions, 'routes'>, path: string, body?: unknown): Promise<unknown> {
    const { ask, scheduler } = await handling({ basePath: '/api/v1', workers: { ...workers, ...routes } }, { jobs: [analyse] })
    const { status, json, text } = await ask(path, { method: 'POST', token: CRON, ...(body === undefined ? {} : { body }) })
    return status === 200 ? (await scheduler.runs.get(json.runId as string))?.result : `${status} ${text}`
  }

  const pattern = 'orchestration/project/:id/analyze-github'

  it('bring their parameters into the payload, over the body', async () => {
    const routes = { routes: { [pattern]: 'analyze-github' } }
    expect(await calling(routes, '/api/v1/workers/orchestration/project/42/analyze-github')).toEqual({ id: '42', key: '' })
    expect(
      await calling(routes, '/api/v1/workers/orchestration/project/a%2Fb%20c/analyze-github', { periodHours: 24, id: 'other' }),
    ).toEqual({
      id: 'a/b c',
      periodHours: 24,
      key: '',
    })
  })

  it('can give a key, and a payload of their own, from path, query and body', async () => {
    const route = {
      job: 'analyze-github',
      key: ({ params }: { params: Readonly<Record<string, string>> }) => params.id ?? '',
      payload: ({ params, query, body }: { params: Readonly<Record<string, string>>; query: object; body: unknown }) => ({
        id: `${params.id}${JSON.stringify(query)}${JSON.stringify(body)}`,
      }),
    }
    expect(await calling({ routes: { [pattern]: route } }, '/api/v1/workers/orchestration/project/7/analyze-github?x=1&x=2', [1])).toEqual({
      id: '7{"x":["1","2"]}[1]',
      key: '7',
    })
  })

  it('can take the key from a parameter, and answer with the result', async () => {
    const { ask, scheduler } = await handling(
      {
        workers: {
          ...workers,
          routes: { [pattern]: { job: 'analyze-github', key: 'id', result: true }, 'slow/now': { job: 'slow', result: true, wait: 0 } },
        },
      },
      { jobs: [analyse, ...['slow', 'quick'].map((name) => defineJob({ name, run: () => ({ secret: 1 }) }))] },
    )
    const { status, json } = await ask('/workers/orchestration/project/a%2F7/analyze-github', { token: CRON })
    expect([status, json]).toEqual([
      200,
      { status: 'succeeded', job: 'analyze-github', runId: expect.any(String), result: { id: 'a/7', key: 'a/7' } },
    ])
    expect((await scheduler.runs.get(json.runId as string))?.key).toBe('a/7')
    expect((await ask('/workers/slow/now', { token: CRON })).json).toEqual({ status: 'accepted', job: 'slow', runId: expect.any(String) })
    // Nobody else's result: what stands at /:job shows none.
    expect((await ask('/workers/quick', { token: CRON })).json).toEqual({ status: 'succeeded', job: 'quick', runId: expect.any(String) })
  })

  it('can stand anywhere below the base path, and the others at its root', async () => {
    const { ask } = await handling(
      { basePath: '/api/v1/workers', workers: { ...workers, path: '/', routes: { '/internal/:id/go': 'analyze-github' } } },
      { jobs: [analyse] },
    )
    expect((await ask('/api/v1/workers/internal/9/go', { token: CRON })).status).toBe(200)
    expect((await ask('/api/v1/workers/analyze-github', { method: 'POST', token: CRON, body: { id: 'x' } })).status).toBe(200)
    expect((await ask('/api/v1/workers/health')).text).toBe('{"status":"ok"}')
    expect((await ask('/api/v1/workers/jobs', { token: CRON })).status).toBe(403)
  })

  it('is refused where it would hide a job, or lead nowhere', async () => {
    const { scheduler } = await handling({}, { jobs: [defineJob({ name: 'health', run: () => undefined })] })
    expect(() => createHandler(scheduler, { workers: { ...workers, path: '/' } })).toThrow(/hides the job "health"/)
    expect(() => createHandler(scheduler, { workers: { ...workers, routes: { a: 'nope' } } })).toThrow(/job "nope" is not among/)
    expect(() => createHandler(scheduler, { workers: { ...workers, routes: { 'a//b': 'health' } } })).toThrow(/routes/)
    expect(() => createHandler(scheduler, { workers: { ...workers, routes: { 'a/:name': { job: 'health', key: 'id' } } } })).toThrow(
      /key: "id" is no parameter of this path/,
    )
    expect(() => createHandler(scheduler, { workers: { ...workers, routes: { a: { job: 'health', result: 1 as never } } } })).toThrow(
      /result/,
    )
  })
})

describe('createHandler', () => {
  it('refuses what is no scheduler, and names what is not known', async () => {
    expect(() => createHandler(undefined as never)).toThrow(
      /createHandler: the first argument is no scheduler\. Write createHandler\(scheduler/,
    )
    const { scheduler } = await handling()
    expect(() => createHandler(scheduler, { base: '/x' } as object)).toThrow(/"base" is not an option: write basePath\./)
    expect(() => createHandler(scheduler, { health: { pth: '/x' } } as object)).toThrow(
      /health: "pth" is not an option\. Did you mean "path"\?/,
    )
    expect(() => createHandler(scheduler, { workers: {} } as never)).toThrow(/workers\.secrets: is missing; it must be a text/)
    expect(() => createHandler(scheduler, { workers: { secrets: ['hidden', ''] } })).not.toThrow(/hidden/)
  })
})

describe('hosts where no process stays', () => {
  async function asleep(
    inline: boolean,
  ): Promise<{ readonly scheduler: Scheduler; readonly ask: Awaited<ReturnType<typeof handling>>['ask'] }> {
    return handling({ workers: { ...workers, inline, wait: '5s' } }, { start: false })
  }

  it('/tick fires what is due, executes, and says what it did', async () => {
    const { scheduler, ask } = await asleep(false)
    const plain = scheduler.jobs.find(({ name }) => name === 'plain')
    const handle = await scheduler.trigger(plain as never)
    for (const method of ['GET', 'POST']) {
      const { status, json } = await ask('/tick', { method, token: CRON })
      expect([status, json]).toEqual([
        200,
        { fired: 0, claimed: method === 'GET' ? 1 : 0, succeeded: method === 'GET' ? 1 : 0, failed: 0, nextWakeAt: null },
      ])
    }
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ state: 'succeeded' })
  })

  it('ticks that come together do not collide', async () => {
    const { ask } = await asleep(false)
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask('/tick', { token: CRON })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })

  it('is 409 where a process runs the scheduler', async () => {
    const { ask } = await opened()
    expect(await ask('/tick', { token: CRON })).toMatchObject({ status: 409, json: { code: 'AlreadyStarted' } })
  })

  it('an inline call executes its run within the request', async () => {
    const { ask } = await asleep(true)
    const answers = await Promise.all([
      ask('/workers/plain', { token: CRON }),
      ask('/workers/with-payload', { method: 'POST', token: CRON, body: { days: 1 } }),
      ask('/workers/fails', { token: CRON }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 500])
  })

  it('without inline it is only accepted', async () => {
    const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs: [defineJob({ name: 'j', run: () => undefined })] })
    onTestFinished(async () => void (await scheduler.stop()))
    const handler = createHandler(scheduler, { logger: false, workers: { ...workers, wait: 20 } })
    const response = await handler(new Request('http://localhost/workers/j', { headers: { authorization: `Bearer ${CRON}` } }))
    expect(response.status).toBe(202)
  })
})
