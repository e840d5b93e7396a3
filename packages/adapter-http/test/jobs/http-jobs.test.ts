/** Many endpoints from plain data. */
import { createScheduler, memoryStore } from '@quarterjack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type HttpJobsOptions, httpJobs } from '../../src/index.ts'
import { contextOf } from '../support/context.ts'
import { serve } from '../support/serve.ts'

const SPEC = `{
  "baseUrl": "http://localhost:9/api/v1/workers/",
  "auth": { "bearer": { "env": "QJ_TEST_CRON_SECRET" } },
  "timeZone": "Europe/Berlin",
  "timeout": "1m",
  "jobs": {
    "reset-credits": { "schedule": "0 0 * * *", "path": "/reset-credits" },
    "sync": { "schedule": [{ "every": "6h" }, { "cron": "5 * * * *", "timeZone": "UTC" }, { "at": "2030-01-01" }], "path": "sync?full=1", "retries": 0, "timeout": "5m" },
    "on-demand": { "path": "batch", "method": "PUT", "body": { "retentionDays": 30 }, "overlap": "replace", "concurrency": 2 },
    "elsewhere": { "url": "http://localhost:9/other", "method": "GET" }
  }
}`

const from = (baseUrl: string, change: object = {}): HttpJobsOptions => ({
  ...(JSON.parse(SPEC) as HttpJobsOptions),
  baseUrl: `${baseUrl}/api/`,
  ...change,
})
const send = async (options: HttpJobsOptions, name: string, payload?: unknown): Promise<unknown> => {
  const job = httpJobs(options).find((one) => one.name === name)
  return job?.policy.run(contextOf({ payload }) as never)
}

describe('httpJobs', () => {
  it('makes a job of each endpoint, from JSON, with defaults for all', () => {
    const [reset, sync, onDemand, elsewhere] = httpJobs(JSON.parse(SPEC) as HttpJobsOptions).map(({ policy }) => policy)
    expect(reset).toMatchObject({ name: 'reset-credits', timeoutMs: 60_000, retry: { retries: 3 }, overlap: 'skip' })
    expect(reset?.schedules.map(({ schedule }) => schedule.spec)).toMatchObject([{ timeZone: 'Europe/Berlin' }])
    expect(sync).toMatchObject({ timeoutMs: 300_000, retry: { retries: 0 } })
    expect(sync?.schedules.map(({ schedule }) => schedule.spec)).toMatchObject([{ kind: 'every' }, { kind: 'cron' }, { kind: 'at' }])
    expect(onDemand).toMatchObject({ schedules: [], overlap: 'replace', concurrency: 2 })
    expect(elsewhere).toMatchObject({ name: 'elsewhere', timeoutMs: 60_000 })
  })

  it('calls what it describes, with the secret that is in the environment at that moment', async () => {
    onTestFinished(() => void delete process.env.QJ_TEST_CRON_SECRET)
    const { url, requests } = await serve()
    process.env.QJ_TEST_CRON_SECRET = 'first-secret'
    await send(from(url), 'reset-credits')
    process.env.QJ_TEST_CRON_SECRET = 'second-secret'
    await send(from(url), 'sync')
    expect(requests.map(({ method, url: path, headers, body }) => [method, path, headers.authorization, body])).toEqual([
      ['POST', '/api/reset-credits', 'Bearer first-secret', ''],
      ['POST', '/api/sync?full=1', 'Bearer second-secret', ''],
    ])
  })

  it('sends nothing when the secret is not set', async () => {
    const { url, requests } = await serve()
    await expect(send(from(url), 'sync')).rejects.toMatchObject({ code: 'HttpRequestInvalid' })
    expect(requests).toEqual([])
  })

  it('sends the payload of a trigger, else its own body', async () => {
    const { url, requests } = await serve()
    const jobs = httpJobs(from(url, { auth: { apiKey: 'a-key' } }))
    const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs })
    onTestFinished(async () => void (await scheduler.stop({ grace: 0 })))
    await scheduler.start()
    const onDemand = jobs[2]!
    await (await scheduler.trigger(onDemand)).finished()
    await (await scheduler.trigger(onDemand, { retentionDays: 7 })).finished()
    expect(requests.map(({ method, body }) => [method, body])).toEqual([
      ['PUT', '{"retentionDays":30}'],
      ['PUT', '{"retentionDays":7}'],
    ])
    expect(requests[0]?.headers).toMatchObject({ 'x-api-key': 'a-key', 'content-type': 'application/json' })
  })

  it('gives the shared credentials and headers to nobody else', async () => {
    const { url, requests } = await serve()
    const jobs = { own: { url: `${url}/other`, headers: { 'X-Own': '1' } } }
    await send(
      { baseUrl: 'http://localhost:9', auth: { bearer: 'shared-secret' }, headers: { 'X-Shared': '1' }, query: { shared: 1 }, jobs },
      'own',
    )
    expect(requests[0]?.url).toBe('/other')
    expect(requests[0]?.headers).toMatchObject({ 'x-own': '1' })
    expect(JSON.stringify(requests[0])).not.toMatch(/shared/i)
  })

  it.each<[change: object, problem: string]>([
    [{ jobs: undefined }, 'jobs: '],
    [{ baseUrl: '/api' }, 'baseUrl: "/api" is no absolute address'],
    [{ auth: { bearer: '' } }, 'auth.bearer: '],
    [{ auth: { bearer: { env: 'A B' } } }, 'auth.bearer.env: use the name of a variable.'],
    [{ auth: { token: 'hidden' } }, 'auth: '],
    [{ jobs: { a: {} } }, 'jobs.a: has no address. Give it a path, or a url'],
    [{ jobs: { a: { path: 'x', url: 'http://y' } } }, 'jobs.a: has a path and a url. Leave one out'],
    [{ jobs: { a: { path: 'x' } }, baseUrl: undefined }, 'jobs.a: has a path, but there is no baseUrl'],
    [
      { jobs: { a: { path: 'https://evil.example/' } } },
      'jobs.a.path: an absolute address is written as url; this is "https://evil.example/".',
    ],
    [
      { jobs: { a: { path: 'x', retry: 3 } } },
      'jobs.a: "retry" is not an option. Known are method, headers, auth, query, timeout, retries,',
    ],
    [{ jobs: { a: { path: 'x', schedule: '0 0 * *' } } }, 'jobs.a: '],
    [{ jobs: { a: { path: 'x', schedule: { every: 'soon' } } } }, 'jobs.a: every: "soon" is not a duration'],
    [{ jobs: { a: { path: 'x', timeout: 'soon' } } }, 'timeout: "soon" is not a duration'],
    [{ jobs: { 'a b': { path: 'x' } } }, 'jobs.a b: '],
    [{ jobs: { a: { path: 'x', overlap: 'no' } } }, 'overlap: use "skip"'],
  ])('refuses %j', (change, problem) => {
    const attempt = (): unknown => httpJobs({ baseUrl: 'http://localhost:9', jobs: {}, ...change } as HttpJobsOptions)
    expect(attempt).toThrow(expect.objectContaining({ name: 'QuarterjackError', message: expect.stringContaining(problem) }))
    expect(attempt).not.toThrow(/hidden/)
  })
})
