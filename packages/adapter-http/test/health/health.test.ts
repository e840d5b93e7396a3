/** What monitors and load balancers see. */
import type { HealthSnapshot, HealthStatus, Scheduler } from '@quarterjack/core'
import { createScheduler, defineJob, every, memoryStore } from '@quarterjack/core'
import { fakeClock, manualScheduler } from '@quarterjack/core/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authorizeTokens, createHandler, type HandlerOptions } from '../../src/index.ts'
import { handling, opened, READ } from '../support/handling.ts'

const get = (path: string): Request => new Request(`http://localhost${path}`)

/** A scheduler whose health is what the test says. */
async function saying(
  change: (health: HealthSnapshot) => unknown,
): Promise<{ readonly scheduler: Scheduler; readonly looks: () => number }> {
  const { scheduler } = await handling()
  let looks = 0
  const health = async (): Promise<HealthSnapshot> => {
    looks++
    return change(await scheduler.health()) as HealthSnapshot
  }
  return { scheduler: { ...scheduler, health } as Scheduler, looks: () => looks }
}

const withStatus =
  (status: HealthStatus) =>
  (health: HealthSnapshot): object => ({ ...health, status, jobs: health.jobs.map((job) => ({ ...job, status })) })

describe('health', () => {
  it.each([
    ['ok', 200],
    ['degraded', 200],
    ['suspended', 200],
    ['unhealthy', 503],
    ['stopped', 503],
  ] as const)('%s is %i, of the scheduler and of a job', async (status, code) => {
    const { scheduler } = await saying(withStatus(status))
    const handler = createHandler(scheduler, { logger: false })
    for (const path of ['/health', '/health/plain']) {
      const response = await handler(get(path))
      expect([response.status, await response.text()]).toEqual([code, JSON.stringify({ status })])
    }
  })

  it('shows the public the status alone, and the whole snapshot to whoever may read', async () => {
    const { ask, read } = await opened()
    expect((await ask('/health')).json).toEqual({ status: 'ok' })
    expect((await ask('/health', { token: 'wrong' })).json).toEqual({ status: 'ok' })
    expect((await read('/health')).json).toMatchObject({ version: 1, status: 'ok', store: { name: 'memory' } })
    expect((await read('/health/plain')).json).toMatchObject({ job: 'plain', consecutiveFailures: 0 })
    expect((await ask('/health/nope')).status).toBe(404)
  })

  it('takes a job that never ran for well until its staleAfter has passed', async () => {
    const job = defineJob({ name: 'j', schedule: every('1d'), health: { staleAfter: '2h' }, run: () => undefined })
    const manual = manualScheduler({ jobs: [job], startAt: '2026-01-01T01:00:00Z' })
    onTestFinished(() => manual.stop())
    await manual.start()
    const { clock } = manual
    const handler = createHandler(manual.scheduler, { logger: false, clock, health: { cacheFor: 0 } })
    const statusNow = async (): Promise<number> => (await clock.until(handler(get('/health/j')), 1_000)).status
    expect(await statusNow()).toBe(200)
    await manual.advance('119m')
    expect(await statusNow()).toBe(200)
    await manual.advance('5m')
    expect(await statusNow()).toBe(503)
  })

  it('is well for a job with too few failures, and not for one with too many', async () => {
    const { scheduler, ask } = await opened({ health: { cacheFor: 0 } })
    const fails = scheduler.jobs.find(({ name }) => name === 'fails') as Scheduler['jobs'][number]
    const seen: number[] = []
    for (let failures = 1; failures <= 3; failures++) {
      await (await scheduler.trigger(fails as never)).finished().catch(() => undefined)
      seen.push((await ask('/health/fails')).status)
    }
    expect(seen).toEqual([200, 200, 503])
  })

  it('looks at the store once per interval, however many ask', async () => {
    const { scheduler, looks } = await saying((health) => health)
    const clock = fakeClock()
    const handler = createHandler(scheduler, { logger: false, clock, authorize: authorizeTokens({ read: READ }) })
    const authorization = `Bearer ${READ}`
    const askAll = (): Promise<unknown> =>
      Promise.all(
        ['/health', '/health/plain', '/ready', '/snapshot', '/jobs', '/health/fails'].flatMap((path) =>
          Array.from({ length: 20 }, () => handler(new Request(`http://localhost${path}`, { headers: { authorization } }))),
        ),
      )
    await askAll()
    await askAll()
    expect(looks()).toBe(1)
    await clock.advance(1_001)
    await askAll()
    expect(looks()).toBe(2)
  })

  it('asks again after a look that failed', async () => {
    let fails = true
    const { scheduler } = await saying((health) => {
      if (fails) throw new Error('no')
      return health
    })
    const handler = createHandler(scheduler, { logger: false })
    expect((await handler(get('/health'))).status).toBe(500)
    fails = false
    expect((await handler(get('/health'))).status).toBe(200)
  })
})

describe('shape', () => {
  const shaped = async (shape: NonNullable<HandlerOptions['health']>['shape'], path: string): Promise<unknown> => {
    const { scheduler, ask } = await opened({ health: { ...(shape === undefined ? {} : { shape }) } })
    const plain = scheduler.jobs.find(({ name }) => name === 'plain')
    await (await scheduler.trigger(plain as never)).finished()
    return (await ask(path)).json
  }

  it('serves what an existing monitor reads', async () => {
    expect(await shaped('data', '/health/plain')).toEqual({
      data: { status: 'ok', running: false, healthy: true, last_run: expect.stringMatching(/^\d{4}-.*Z$/) },
    })
    expect(await shaped('data', '/health')).toMatchObject({ data: { healthy: true, last_run: expect.any(String) } })
    expect(await shaped('data', '/health/idle')).toMatchObject({ data: { last_run: null } })
  })

  it('serves what a function makes, at a path of its own', async () => {
    const { scheduler } = await handling()
    const handler = createHandler(scheduler, {
      logger: false,
      basePath: '/api',
      health: { path: '/status', shape: ({ job, status, healthy }) => ({ job, status, healthy }) },
    })
    expect(await (await handler(get('/api/status/plain'))).json()).toEqual({ job: 'plain', status: 'ok', healthy: true })
    expect(await (await handler(get('/api/status'))).json()).toEqual({ job: null, status: 'ok', healthy: true })
    expect((await handler(get('/api/health'))).status).toBe(404)
  })
})

describe('live and ready', () => {
  it('live never asks the store, so that its outage restarts nothing', async () => {
    const store = memoryStore()
    const touched: string[] = []
    const part = <T extends object>(name: string, value: T): T =>
      new Proxy(value, {
        get: (target, member) => {
          touched.push(`${name}.${String(member)}`)
          return Reflect.get(target, member) as unknown
        },
      })
    const watched = {
      ...store,
      runs: part('runs', store.runs),
      schedules: part('schedules', store.schedules),
      leases: part('leases', store.leases),
    }
    const scheduler = createScheduler({ store: watched, logger: false, jobs: [] })
    const handler = createHandler(scheduler, { logger: false })
    touched.length = 0
    expect((await handler(get('/live'))).status).toBe(200)
    expect(touched).toEqual([])
    expect((await handler(get('/ready'))).status).toBe(200)
    expect(touched.length).toBeGreaterThan(0)
  })

  it('live is 503 once the scheduler was stopped, and where its loop stands still', async () => {
    const { scheduler, handler } = await handling()
    expect((await createHandler({ ...scheduler, live: () => false } as Scheduler, { logger: false })(get('/live'))).status).toBe(503)
    await scheduler.stop()
    expect((await handler(get('/live'))).status).toBe(503)
    expect((await handler(get('/ready'))).status).toBe(503)
  })

  it('ready is 503 while the store is silent, and nothing else is said', async () => {
    const { scheduler } = await saying((health) => ({
      ...withStatus('unhealthy')(health),
      store: { ...health.store, reachable: false, error: 'pg at 10.0.0.7' },
    }))
    const response = await createHandler(scheduler, { logger: false })(get('/ready'))
    expect([response.status, await response.text()]).toEqual([503, '{"status":"unready"}'])
  })
})
