/** The control endpoints: what they change, what they show, and that the document tells of it. */
import { defineJob, defineRollup, every, type Scheduler } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type Handling, opened, sampleJobs, WRITE } from '../support/handling.ts'

const json = { 'content-type': 'application/json' }

async function finish({ scheduler }: Handling, job: string, payload?: unknown): Promise<string> {
  const known = scheduler.jobs.find(({ name }) => name === job) as never
  const handle = await scheduler.trigger(known, payload as never)
  await handle.finished().catch(() => undefined)
  return handle.id
}

describe('trigger', () => {
  it('answers 202 at once, and with wait the result', async () => {
    const { post } = await opened()
    const at = await post('/jobs/with-payload/trigger', { payload: { days: 7 } })
    expect([at.status, at.json]).toMatchObject([202, { outcome: 'created', runId: expect.any(String) }])
    const waited = await post('/jobs/with-payload/trigger?wait=30s', { payload: { days: 7 } })
    expect([waited.status, waited.json]).toMatchObject([
      200,
      { run: { state: 'succeeded', result: { days: 7 }, attempts: [{ outcome: 'succeeded' }] } },
    ])
  })

  it('answers 200 for a run that failed or was skipped while one waited: the run tells', async () => {
    const { post } = await opened()
    expect(await post('/jobs/fails/trigger?wait=5s', {})).toMatchObject({
      status: 200,
      json: { run: { state: 'dead', error: { message: 'it does not work' } } },
    })
    expect(await post('/jobs/idle/trigger?wait=5s', {})).toMatchObject({
      status: 200,
      json: { run: { state: 'skipped', reason: 'handler: nothing to do' } },
    })
  })

  it('answers 202 for a run that goes on after the wait, which has a bound', async () => {
    const job = defineJob({ name: 'slow', run: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)) })
    const { post } = await opened({ limits: { wait: 30 } }, { jobs: [job] })
    expect(await post('/jobs/slow/trigger?wait=1h', {})).toMatchObject({ status: 202, json: { run: { state: 'running' } } })
  })

  it('takes the options of a trigger', async () => {
    const { post, scheduler } = await opened()
    const delayed = await post('/jobs/plain/trigger', { delay: '1h', key: 'k', priority: 5 })
    expect(await scheduler.runs.get(delayed.json.runId as string)).toMatchObject({ key: 'k', priority: 5, state: 'pending' })
    const first = await post('/jobs/plain/trigger', { delay: '1h', idempotencyKey: 'once' })
    expect((await post('/jobs/plain/trigger', {}, { 'idempotency-key': 'once' })).json).toMatchObject({
      outcome: 'duplicate',
      runId: first.json.runId,
    })
    expect((await post('/jobs/plain/trigger', { idempotencyKey: 'a' }, { 'idempotency-key': 'b' })).status).toBe(400)
    expect((await post('/jobs/plain/trigger', { overlap: 'skip', key: 'k' })).json).toMatchObject({
      outcome: 'skipped',
      run: { state: 'skipped' },
    })
    expect((await post('/jobs/plain/trigger', { debounce: { wait: '1m' } })).json).toMatchObject({
      outcome: 'created',
      run: { trigger: 'debounce' },
    })
  })

  it.each([
    ['an unknown job', '/jobs/nope/trigger', {}, 404],
    ['a payload that does not fit', '/jobs/with-payload/trigger', { payload: { days: 'x' } }, 422],
    ['a payload where none is taken', '/jobs/plain/trigger', { payload: {} }, 422],
    ['a delay that is none', '/jobs/plain/trigger', { delay: 'soon' }, 422],
    ['a delay and an instant', '/jobs/plain/trigger', { delay: '1h', runAt: '2030-01-01T00:00:00Z' }, 422],
    ['a wait that is none', '/jobs/plain/trigger?wait=soon', {}, 400],
    ['two waits', '/jobs/plain/trigger?wait=1s&wait=2s', {}, 400],
    ['a query that means nothing', '/jobs/plain/trigger?waits=1s', {}, 400],
    ['a reserved key', '/jobs/plain/trigger', { idempotencyKey: 'quarterjack:x' }, 422],
  ])('refuses %s', async (_, path, body, code) => {
    const { post, scheduler } = await opened()
    const { status, headers, json: problem } = await post(path, body)
    expect([status, headers.get('content-type')]).toEqual([code, 'application/problem+json'])
    expect(problem).toMatchObject({
      status: code,
      title: expect.any(String),
      detail: expect.any(String),
      code: expect.any(String),
      requestId: headers.get('x-request-id'),
    })
    expect(await scheduler.runs.find()).toEqual([])
  })
})

describe('jobs', () => {
  it('are listed with how they are and what they allow', async () => {
    const { read } = await opened()
    const { json: list } = await read('/jobs')
    expect((list.jobs as { name: string }[]).map(({ name }) => name)).toEqual(sampleJobs().map(({ name }) => name))
    expect((await read('/jobs/with-payload')).json).toMatchObject({
      name: 'with-payload',
      status: 'ok',
      policy: { takesPayload: true, overlap: 'allow' },
    })
    expect((await read('/jobs/nope')).status).toBe(404)
  })

  it('preview the slots that will fire', async () => {
    const job = defineJob({ name: 'j', schedule: every('1h'), run: () => undefined })
    const { read } = await opened({}, { jobs: [job] })
    const { json: preview } = await read('/jobs/j/preview?count=2&from=2030-01-01T00:30:00Z')
    expect(preview).toEqual({
      slots: [
        { slot: '2030-01-01T01:00:00.000Z', dueAt: '2030-01-01T01:00:00.000Z', schedule: '#0' },
        { slot: '2030-01-01T02:00:00.000Z', dueAt: '2030-01-01T02:00:00.000Z', schedule: '#0' },
      ],
    })
    for (const query of ['count=0', 'count=x', 'count=1001', 'count=', 'from=yesterday1'])
      expect([query, [400, 422].includes((await read(`/jobs/j/preview?${query}`)).status)]).toEqual([query, true])
    expect((await read('/jobs/nope/preview')).status).toBe(404)
  })

  it('are suspended with a reason, and resumed', async () => {
    const { read, post } = await opened({ health: { cacheFor: 0 } })
    expect((await post('/jobs/plain/suspend', {})).status).toBe(422)
    expect((await post('/jobs/plain/suspend', { reason: ' ' })).status).toBe(422)
    expect((await post('/jobs/plain/suspend', { reason: 'provider is down' })).json).toEqual({ changed: true })
    expect((await read('/jobs/plain')).json).toMatchObject({ status: 'suspended', suspended: { reason: 'provider is down' } })
    expect((await read('/health/plain')).status).toBe(200)
    expect((await post('/jobs/plain/resume')).json).toEqual({ changed: true })
    expect((await post('/jobs/plain/resume')).json).toEqual({ changed: false })
    expect((await post('/jobs/nope/suspend', { reason: 'x' })).status).toBe(404)
    expect((await post('/jobs/nope/resume', {})).status).toBe(404)
  })
})

describe('runs', () => {
  it('come in pages that hold each run once, newest first', async () => {
    const handling = await opened()
    const ids: string[] = []
    for (let index = 0; index < 7; index++) ids.unshift(await finish(handling, 'plain'))
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; page < 10; page++) {
      const { json: body } = await handling.read(`/runs?limit=3${cursor}`)
      seen.push(...(body.runs as { id: string }[]).map(({ id }) => id))
      if (body.next === null) break
      cursor = `&cursor=${String(body.next)}`
    }
    expect(seen).toEqual(ids)
    // A page that is just full is the last one.
    expect((await handling.read('/runs?limit=7')).json.next).toBe(null)
  })

  it('are filtered', async () => {
    const handling = await opened()
    await finish(handling, 'plain')
    await finish(handling, 'fails')
    await finish(handling, 'idle')
    const jobs = async (query: string): Promise<unknown> =>
      ((await handling.read(`/runs?${query}`)).json.runs as { job: string }[]).map(({ job }) => job)
    expect(await jobs('job=plain')).toEqual(['plain'])
    expect(await jobs('state=dead')).toEqual(['fails'])
    expect(await jobs('state=dead&state=skipped')).toEqual(['idle', 'fails'])
    expect(await jobs('createdAfter=2100-01-01')).toEqual([])
    expect(await jobs('createdBefore=2100-01-01T00:00:00%2B01:00')).toHaveLength(3)
    expect(await jobs('key=other')).toEqual([])
    for (const query of ['state=nope', 'limit=0', 'limit=501', 'limit=1e9', 'job=a%2Fb', 'nope=1', 'createdAfter=last%20week', 'cursor=']) {
      expect([query, [400, 422].includes((await handling.read(`/runs?${query}`)).status)]).toEqual([query, true])
    }
  })

  it('are refused a filter with what was given, what is possible, and what was meant', async () => {
    const { ask } = await opened()
    const get = (path: string): ReturnType<typeof ask> => ask(path, { token: WRITE })
    expect((await get('/runs?state=failed')).json).toMatchObject({
      code: 'InvalidRequest',
      errors: [{ path: 'query.state', message: expect.stringMatching(/^use "pending" or .*"dead".*; this is "failed"\.$/) }],
    })
    expect((await get('/runs?stat=dead')).json.detail).toMatch(
      /^query: "stat" is not an option\. Did you mean "state"\? Known are job, key,/,
    )
    expect((await get('/runs?limit=many')).json.detail).toBe('query.limit: must be a number; this is "many".')
  })

  it('are shown, cancelled and replayed', async () => {
    const run = ({ signal }: { readonly signal: AbortSignal }): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const job = defineJob({ name: 'slow', run })
    const { read, post, scheduler } = await opened({}, { jobs: [job] })
    const id = String((await post('/jobs/slow/trigger', {})).json.runId)
    expect((await post(`/runs/${id}/replay`, {})).status).toBe(409)
    expect((await post(`/runs/${id}/cancel`, { reason: 'not needed' })).json).toEqual({ cancelled: true })
    await expect.poll(async () => (await scheduler.runs.get(id))?.state).toBe('cancelled')
    expect((await read(`/runs/${id}`)).json).toMatchObject({ id, state: 'cancelled', reason: 'not needed' })
    expect((await post(`/runs/${id}/cancel`, {})).json).toEqual({ cancelled: false })
    const replayed = await post(`/runs/${id}/replay`, {})
    expect(replayed).toMatchObject({ status: 202, json: { outcome: 'created', run: { replayOf: id, trigger: 'replay' } } })
    for (const path of ['/runs/nope', '/runs/00000000-0000-7000-8000-000000000000']) expect((await read(path)).status).toBe(404)
    expect((await post('/runs/nope/cancel', {})).status).toBe(404)
    expect((await post('/runs/nope/replay', {})).status).toBe(404)
  })

  it('that are dead are listed, and replayed together', async () => {
    const handling = await opened()
    await finish(handling, 'plain')
    const dead = [await finish(handling, 'fails'), await finish(handling, 'fails')]
    expect(((await handling.read('/dead')).json.runs as { id: string }[]).map(({ id }) => id)).toEqual(dead.toReversed())
    expect((await handling.read('/dead?job=plain')).json).toEqual({ runs: [], next: null })
    const { status, json: body } = await handling.post('/dead/replay', { job: 'fails', limit: 1 })
    expect([status, (body.runs as string[]).length]).toEqual([202, 1])
    const again = await handling.scheduler.runs.handle((body.runs as string[])[0] as string)
    expect(await handling.scheduler.runs.get(again.id)).toMatchObject({ replayOf: dead[0] })
    await again.finished().catch(() => undefined)
    const replay = async (given: object): Promise<number> =>
      ((await handling.post('/dead/replay', { job: 'fails', ...given })).json.runs as string[]).length
    // What is replayed stays pending, so that nothing else dies.
    await handling.scheduler.suspend('fails', 'why')
    await replay({})
    const { length } = await handling.scheduler.runs.find({ job: 'fails', state: 'dead' })
    expect([await replay({}), await replay({ again: true })]).toEqual([0, length])
  })
})

describe('runs that have not ended', () => {
  it('are waited for', async () => {
    const handling = await opened()
    const { post, read, scheduler } = handling
    const { id } = (await post('/jobs/plain/trigger', { delay: 300 })).json.run as { id: string }
    expect((await read(`/runs/${id}?wait=1ms`)).json).toMatchObject({ id, state: 'pending' })
    expect(await read(`/runs/${id}?wait=30s`)).toMatchObject({ status: 200, json: { id, state: 'succeeded' } })
    expect(await read(`/runs/${id}?wait=30s`)).toMatchObject({ status: 200, json: { id, state: 'succeeded' } })
    const dead = (await post('/jobs/fails/trigger', { delay: 300 })).json.run as { id: string }
    expect(await read(`/runs/${dead.id}?wait=30s`)).toMatchObject({ status: 200, json: { state: 'dead' } })
    expect((await read('/runs/nope?wait=1s')).status).toBe(404)
    expect((await read(`/runs/${id}?wait=soon`)).status).toBe(400)
    expect(await scheduler.runs.get(id)).toMatchObject({ state: 'succeeded' })
  })

  it('are cancelled together', async () => {
    const { post, scheduler } = await opened()
    for (const key of ['a', 'b', 'b']) await post('/jobs/plain/trigger', { delay: '1h', key })
    expect((await post('/jobs/plain/cancel', { key: 'b', state: 'pending', reason: 'why' })).json).toEqual({ cancelled: 2 })
    expect(await scheduler.runs.find({ state: 'cancelled' })).toMatchObject([{ reason: 'why' }, { key: 'b' }])
    expect((await post('/jobs/plain/cancel', { limit: 1 })).json).toEqual({ cancelled: 1 })
    expect((await post('/jobs/plain/cancel', { state: 'dead' })).status).toBe(422)
    expect((await post('/jobs/nope/cancel', {})).status).toBe(404)
  })
})

describe('schedules', () => {
  const put = ({ ask }: Handling, path: string, body: unknown): ReturnType<Handling['ask']> =>
    ask(path, { method: 'PUT', token: WRITE, headers: json, body })
  const remove = ({ ask }: Handling, path: string): ReturnType<Handling['ask']> => ask(path, { method: 'DELETE', token: WRITE })

  it('are set by key, once, and removed', async () => {
    const handling = await opened()
    const path = `/jobs/with-payload/schedules/${encodeURIComponent('project/1 ü#?')}`
    const body = { cron: '5 * * * *', timeZone: 'Europe/Berlin', payload: { days: 1, token: 'x' } }
    expect((await put(handling, path, body)).json).toEqual({ outcome: 'created' })
    expect((await put(handling, path, body)).json).toEqual({ outcome: 'unchanged' })
    expect((await put(handling, path, { ...body, cron: '6 * * * *' })).json).toEqual({ outcome: 'changed' })
    expect((await handling.read(path)).json).toMatchObject({
      key: 'project/1 ü#?',
      kind: 'dynamic',
      description: 'cron "6 * * * *" in Europe/Berlin',
      payload: { days: 1, token: '[redacted]' },
    })
    expect((await remove(handling, path)).json).toEqual({ removed: true })
    expect((await remove(handling, path)).json).toEqual({ removed: false })
    expect((await handling.read(path)).status).toBe(404)
  })

  it.each([
    ['an interval', { every: '6h', anchor: 'registration', align: '1h', jitter: '1m' }, 200],
    ['an instant', { at: '2100-01-01T00:00:00Z' }, 200],
    ['nothing', {}, 422],
    ['two kinds', { every: '6h', cron: '* * * * *' }, 422],
    ['a cron that is none', { cron: 'often' }, 422],
    ['a zone that is none', { cron: '* * * * *', timeZone: 'Mars/Base' }, 422],
    ['an interval of nothing', { every: 0 }, 422],
    ['an option that is none', { every: '6h', evry: 1 }, 422],
    ['a payload where none is taken', { every: '6h', payload: 1 }, 422],
  ])('take %s: %o', async (_, body, code) => {
    const handling = await opened()
    expect((await put(handling, '/jobs/plain/schedules/k', body)).status).toBe(code)
  })

  it('in code are shown, and neither set nor removed', async () => {
    const job = defineJob({ name: 'j', schedule: every('1h'), run: () => undefined })
    const handling = await opened({}, { jobs: [job] })
    expect((await handling.read('/jobs/j/schedules/%230')).json).toMatchObject({ kind: 'static', description: 'every 1h' })
    expect((await put(handling, '/jobs/j/schedules/%230', { every: '2h' })).status).toBe(422)
    expect((await remove(handling, '/jobs/j/schedules/%230')).status).toBe(409)
    expect((await handling.scheduler.schedules.get('j', '#0'))?.description).toBe('every 1h')
  })

  it('come in pages, of a job or of all', async () => {
    const handling = await opened()
    for (const key of ['a', 'b', 'c'])
      for (const job of ['plain', 'idle']) await put(handling, `/jobs/${job}/schedules/${key}`, { every: '6h' })
    const all = async (path: string): Promise<string[]> => {
      const seen: string[] = []
      for (let cursor = '', page = 0; page < 10; page++) {
        const { json: body } = await handling.read(`${path}?limit=2${cursor}`)
        seen.push(...(body.schedules as { job: string; key: string }[]).map(({ job, key }) => `${job}/${key}`))
        if (body.next === null) return seen
        cursor = `&cursor=${String(body.next)}`
      }
      return seen
    }
    expect(await all('/jobs/plain/schedules')).toEqual(['plain/a', 'plain/b', 'plain/c'])
    expect(await all('/schedules')).toEqual(['idle/a', 'idle/b', 'idle/c', 'plain/a', 'plain/b', 'plain/c'])
    for (const cursor of ['x', 'W10', btoa('["a"]'), btoa('{}')])
      expect((await handling.read(`/schedules?cursor=${cursor}`)).status).toBe(400)
  })
})

describe('audit', () => {
  it('reports, one at a time', async () => {
    const { read, scheduler } = await opened()
    expect((await read('/audit')).json).toMatchObject({ ok: true, violations: [], complete: true })
    expect((await read('/audit?job=nope')).status).toBe(404)
    expect((await read('/audit?limit=0')).status).toBe(400)
    const answers = await Promise.all([read('/audit'), read('/audit')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429])
    expect((await read('/audit')).status).toBe(200)
    expect(scheduler.live()).toBe(true)
  })
})

describe('what is answered fits the document', () => {
  it('for every kind of answer', async () => {
    const rollup = defineRollup({ name: 'hourly', grain: 'hour', start: Date.now() - 7_200_000, refresh: () => undefined })
    const handling = await opened({}, { jobs: [...sampleJobs(), rollup] })
    const id = await finish(handling, 'with-payload', { days: 1 })
    const backfill = await handling.scheduler.backfill(rollup, { last: '1h' })
    await backfill.pause()
    await handling.scheduler.mark(rollup, Date.now() - 3_600_000)
    const failed = await finish(handling, 'fails')
    await setOne(handling.scheduler)
    const { json: document } = await handling.read('/openapi.json')
    const paths = document.paths as Record<
      string,
      Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
    >
    const check = (path: string, method: string, { status, json: body }: { status: number; json: unknown }): void => {
      const response = paths[path]?.[method]?.responses[String(status)] ?? paths[path]?.[method]?.responses.default
      const content = Object.values(response?.content ?? {})[0]
      const schema =
        content?.schema !== undefined && '$ref' in content.schema
          ? (document.components as { schemas: { Problem: object } }).schemas.Problem
          : content?.schema
      expect([path, schema === undefined]).toEqual([path, false])
      const { success, error } = z.fromJSONSchema(schema as never).safeParse(body)
      expect([path, success, error?.issues]).toEqual([path, true, undefined])
    }
    for (const [path, at] of [
      ['/jobs', '/jobs'],
      ['/jobs/{job}', '/jobs/plain'],
      ['/jobs/{job}/preview', '/jobs/plain/preview'],
      ['/runs', '/runs'],
      ['/runs/{id}', `/runs/${id}`],
      ['/runs/{id}', `/runs/${failed}`],
      ['/runs/{id}', '/runs/nope'],
      ['/dead', '/dead'],
      ['/schedules', '/schedules'],
      ['/jobs/{job}/schedules/{key}', '/jobs/plain/schedules/k'],
      ['/rollups', '/rollups'],
      ['/rollups/{rollup}', '/rollups/hourly'],
      ['/rollups/{rollup}/windows', '/rollups/hourly/windows'],
      ['/rollups/{rollup}/backfills', '/rollups/hourly/backfills'],
      ['/rollups/{rollup}/backfills/plan', '/rollups/hourly/backfills/plan?last=1h'],
      ['/backfills', '/backfills'],
      ['/backfills/{id}', `/backfills/${backfill.id}`],
      ['/backfills/{id}', '/backfills/nope'],
      ['/audit', '/audit'],
      ['/health/{job}', '/health/hourly'],
      ['/health', '/health'],
      ['/snapshot', '/snapshot'],
    ] as const) {
      check(path, 'get', await handling.read(at))
    }
    check('/jobs/{job}/trigger', 'post', await handling.post('/jobs/plain/trigger?wait=5s', {}))
    check('/jobs/{job}/trigger', 'post', await handling.post('/jobs/plain/trigger', { key: 1 }))
    check('/runs/{id}/replay', 'post', await handling.post(`/runs/${id}/replay`, {}))
    check('/rollups/{rollup}/mark', 'post', await handling.post('/rollups/hourly/mark', { when: Date.now() }))
    check('/rollups/{rollup}/backfills', 'post', await handling.post('/rollups/hourly/backfills', { last: '1h' }))
    check('/backfills/{id}/cancel', 'post', await handling.post(`/backfills/${backfill.id}/cancel`, {}))
    check('/rollups/{rollup}/backfills', 'post', await handling.post('/rollups/hourly/backfills', { last: '1h' }))
    check('/jobs/{job}/suspend', 'post', await handling.post('/jobs/plain/suspend', { reason: 'x' }))
  })
})

async function setOne(scheduler: Scheduler): Promise<void> {
  const plain = scheduler.jobs.find(({ name }) => name === 'plain') as never
  await scheduler.schedules.set(plain, { key: 'k', schedule: every('6h') } as never)
}
