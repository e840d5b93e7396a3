/** Targets as the `run` of real jobs: defaults, retries, skips, cancels, timeouts, lost leases. */
import { createScheduler, defineJob, type Job, memoryStore, type Scheduler, type SchedulerOptions } from '@quarterjack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as z from 'zod'
import { httpTarget } from '../../src/index.ts'
import { until } from '../support/context.ts'
import { json, serve, serveRaw } from '../support/serve.ts'

const quick = { minTimeout: 1, maxTimeout: 2 } as const

async function scheduling(job: Job<never, unknown>, options: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
  const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs: [job], ...options })
  onTestFinished(async () => void (await scheduler.stop({ grace: 0 })))
  await scheduler.start()
  return scheduler
}

describe('a job with a target', () => {
  it('has 30 s and 3 retries, unless it or its target says otherwise', () => {
    const policyOf = (options: object, target: object = {}): object =>
      defineJob({ name: 'j', ...options, run: httpTarget({ url: 'https://example.com', ...target }) }).policy
    expect(policyOf({})).toMatchObject({
      timeoutMs: 30_000,
      retry: { retries: 3, minTimeoutMs: 1_000, maxTimeoutMs: 300_000, randomize: true },
    })
    expect(policyOf({}, { timeout: '2m' })).toMatchObject({ timeoutMs: 120_000 })
    expect(policyOf({ timeout: '5m', retry: { retries: 0 } })).toMatchObject({ timeoutMs: 300_000, retry: { retries: 0 } })
  })

  it('keeps the answer as its result, typed and parsed', async () => {
    const { url } = await serve((_, response) => json(response, 200, { updated: '7' }))
    const job = defineJob({ name: 'j', run: httpTarget({ url, response: z.object({ updated: z.coerce.number() }) }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job)
    const result: { updated: number } = await handle.finished()
    expect(result).toEqual({ updated: 7 })
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ state: 'succeeded', result: { updated: 7 } })
  })

  it('tries again what may pass, with one idempotency key and a request id per attempt', async () => {
    const { url, requests } = await serve((_, response, count) => void response.writeHead(count < 3 ? 503 : 200).end())
    const job = defineJob({ name: 'j', retry: quick, payload: z.object({ n: z.number() }), run: httpTarget({ url }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job, { n: 1 })
    await handle.finished()
    expect(requests.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":1}', '{"n":1}'])
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set([handle.id]))
    expect(requests.map(({ headers }) => headers['x-request-id'])).toEqual([1, 2, 3].map((attempt) => `${handle.id}.${attempt}`))
    expect(new Set(requests.map(({ headers }) => headers.traceparent?.slice(3, 35))).size).toBe(1)
  })

  it('is dead after 3 retries of its own accord, and at once where another attempt would not help', async () => {
    const busy = await serve((_, response) => void response.writeHead(500).end())
    const job = defineJob({ name: 'j', retry: quick, run: httpTarget({ url: busy.url }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job)
    await expect(handle.finished()).rejects.toMatchObject({ code: 'RunFailed' })
    expect(busy.requests).toHaveLength(4)
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ state: 'dead', error: { name: 'HttpError', code: 'HttpStatus' } })

    const missing = await serve((_, response) => void response.writeHead(404).end('no such worker'))
    const other = defineJob({ name: 'k', retry: quick, run: httpTarget({ url: missing.url }) })
    const second = await scheduling(other)
    await expect((await second.trigger(other)).finished()).rejects.toThrow(
      /not retryable: POST .* answered 404 Not Found\. The answer begins: no such worker/,
    )
    expect(missing.requests).toHaveLength(1)
  })

  it('waits as long as Retry-After asks', async () => {
    const { url, requests } = await serve((_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end())
    const job = defineJob({ name: 'j', retry: quick, run: httpTarget({ url }) })
    const scheduler = await scheduling(job)
    const retries: number[] = []
    scheduler.on('run.retrying', ({ at, retryAt }) => void retries.push(retryAt - at))
    const handle = await scheduler.trigger(job)
    await until(() => retries.length === 1)
    expect(Math.round((retries[0] ?? 0) / 1_000)).toBe(3_600)
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ state: 'pending', failures: 1 })
    expect(requests).toHaveLength(1)
  })

  it('is skipped when there was nothing to do', async () => {
    const { url } = await serve((_, response) => void response.writeHead(204).end())
    const job = defineJob({ name: 'j', run: httpTarget({ url }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job)
    await expect(handle.finished()).rejects.toMatchObject({ code: 'RunSkipped' })
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ state: 'skipped', reason: 'handler: the endpoint answered 204' })
  })

  it('lets go of the socket when it is cancelled', async () => {
    const { url, sockets } = await serveRaw(() => undefined)
    const job = defineJob({ name: 'j', run: httpTarget({ url }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job)
    await until(() => sockets.size === 1)
    await scheduler.runs.cancel(handle.id)
    await until(() => sockets.size === 0)
    await expect(handle.finished()).rejects.toMatchObject({ code: 'RunCancelled' })
  })

  it('lets go of the socket when the job’s timeout passes, which the target without one of its own obeys', async () => {
    const { url, sockets } = await serveRaw(() => undefined)
    const job = defineJob({ name: 'j', timeout: 150, retry: { retries: 0 }, run: httpTarget({ url }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job)
    await expect(handle.finished()).rejects.toMatchObject({ code: 'RunFailed' })
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ error: { code: 'AttemptTimedOut' }, attempts: [{ outcome: 'timedOut' }] })
    await until(() => sockets.size === 0)
  })

  it('has the shorter of two timeouts, and says what the call was waiting for', async () => {
    const { url } = await serveRaw(() => undefined)
    const job = defineJob({ name: 'j', timeout: '10s', retry: { retries: 0 }, run: httpTarget({ url, timeout: 100 }) })
    const scheduler = await scheduling(job)
    const handle = await scheduler.trigger(job)
    await expect(handle.finished()).rejects.toThrow(/within its timeout of 100 ms; it was waiting for the answer/)
    expect(await scheduler.runs.get(handle.id)).toMatchObject({ error: { code: 'HttpTimedOut' } })
  })

  it('lets go of the socket when the scheduler stops and its grace is over', async () => {
    const { url, sockets } = await serveRaw(() => undefined)
    const job = defineJob({ name: 'j', run: httpTarget({ url }) })
    const scheduler = await scheduling(job)
    await scheduler.trigger(job)
    await until(() => sockets.size === 1)
    expect(await scheduler.stop({ grace: 50 })).toEqual({ stuck: [] })
    await until(() => sockets.size === 0)
  })

  it('lets go of the socket when its lease can no longer be trusted', async () => {
    const { url, sockets } = await serveRaw(() => undefined)
    const job = defineJob({ name: 'j', run: httpTarget({ url }) })
    const store = memoryStore()
    let isDown = false
    const flaky = new Proxy(store, {
      get(target, name) {
        const part: unknown = Reflect.get(target, name)
        const isVerbs = typeof part === 'object' && part !== null && ['runs', 'schedules', 'leases'].includes(String(name))
        return isVerbs ? new Proxy(part, { get: (verbs, verb) => failing(Reflect.get(verbs, verb), verbs) }) : part
      },
    })
    const failing = (verb: unknown, verbs: object): unknown =>
      typeof verb !== 'function' ? verb : (...args: unknown[]) => (isDown ? Promise.reject(new Error('down')) : verb.apply(verbs, args))
    const scheduler = await scheduling(job, { store: flaky, lease: '2s' })
    const released: object[] = []
    scheduler.on('lease.lost', (event) => void released.push(event))
    await scheduler.trigger(job)
    await until(() => sockets.size === 1)
    isDown = true
    await until(() => sockets.size === 0)
    isDown = false
    await until(() => released.length > 0)
    expect(released[0]).toMatchObject({ runs: 1 })
  })

  it('can be called by a function of the job’s own', async () => {
    const { url, requests } = await serve()
    const target = httpTarget({ url })
    const job = defineJob({ name: 'j', run: async (ctx) => ({ answer: await target(ctx) }) })
    const scheduler = await scheduling(job)
    expect(await (await scheduler.trigger(job)).finished()).toEqual({ answer: { ok: true } })
    expect(requests).toHaveLength(1)
  })
})
