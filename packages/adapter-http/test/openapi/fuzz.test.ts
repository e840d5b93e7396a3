/** Thousands of random requests, generated from the document: no 5xx, and no change without permission. */
import { cron, defineJob, defineRollup, memoryStore } from '@quarterjack/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { CRON, handling, READ, WRITE } from '../support/handling.ts'
import { authorizeTokens } from '../../src/index.ts'
import { arbitraryRequest, type GeneratedRequest, type Known, type OpenApi } from './arbitrary-request.ts'

const REQUESTS = ['full', 'soak'].includes(process.env.QJ_TEST_TIER ?? '') ? 10_000 : 1_000

async function subject(): ReturnType<typeof handling> {
  const jobs = [
    defineJob({ name: 'plain', schedule: cron('0 0 1 1 *'), run: () => 'done' }),
    defineJob({ name: 'with-payload', payload: z.object({ days: z.number() }), sensitive: ['token'], run: () => undefined }),
    defineRollup({ name: 'monthly', grain: 'month', start: LAST_YEAR, debounce: { wait: 5 }, refresh: () => undefined }),
  ]
  return handling(
    {
      authorize: authorizeTokens({ read: READ, write: WRITE }),
      workers: { secrets: CRON, wait: 5, routes: { 'project/:id/go': { job: 'plain', payload: () => undefined } } },
      failures: { max: 1_000_000 },
      limits: { wait: 5 },
    },
    { jobs, store: memoryStore() },
  )
}

const LAST_YEAR = `${new Date().getFullYear() - 1}-01-01`

type Subject = Awaited<ReturnType<typeof subject>>

/** The document, and what exists: jobs, a rollup, a run that has ended, a backfill that waits. */
async function learn({ read, scheduler }: Subject): Promise<{ readonly document: OpenApi; readonly known: Known }> {
  const [plain] = scheduler.jobs
  const run = await scheduler.trigger(plain as never)
  await run.finished()
  const sweep = await scheduler.trigger(scheduler.jobs[2] as never)
  await sweep.finished()
  const backfill = await scheduler.backfill('monthly', { date: LAST_YEAR })
  await backfill.pause()
  // Nothing happens by itself any more.
  await expect
    .poll(async () => (await scheduler.runs.find({ state: ['pending', 'waiting', 'running'] })).map(({ job, trigger }) => [job, trigger]), {
      timeout: 8_000,
    })
    .toEqual([])
  return {
    document: (await read('/openapi.json')).json as unknown as OpenApi,
    known: {
      job: scheduler.jobs.map(({ name }) => name),
      rollup: ['monthly'],
      source: ['monthly'],
      id: [run.id, backfill.id],
      when: [LAST_YEAR],
      date: [LAST_YEAR],
      from: [LAST_YEAR],
      to: [LAST_YEAR.replace('-01-01', '-03-01')],
    },
  }
}

const send = ({ handler }: Subject, { path, method, headers, body }: GeneratedRequest): Promise<Response> =>
  handler(
    new Request(`http://localhost${path}`, {
      method,
      headers,
      ...(body === undefined || method === 'GET' || method === 'HEAD' ? {} : { body }),
    }),
  )

/** Everything that can be changed. */
async function stateOf({ scheduler }: Subject): Promise<string> {
  const { jobs } = await scheduler.health()
  const suspended = jobs.map(({ job, suspended: since }) => [job, since])
  const { rollups } = scheduler
  return JSON.stringify([
    await scheduler.runs.find({ limit: 1_000 }),
    await scheduler.schedules.list({ limit: 1_000 }),
    suspended,
    await rollups.windows('monthly'),
    await rollups.backfills(),
  ])
}

/** A process runs the scheduler, and it was given no metrics. */
const NEVER = ['metrics', 'tickByGet', 'tickByPost']
const NEEDED = { read: READ, write: WRITE, worker: CRON } as const

describe(`${REQUESTS} random requests`, () => {
  it('are never answered 5xx, nor with what is secret, when they have every permission', async () => {
    const under = await subject()
    const { document, known } = await learn(under)
    const statuses = new Map<number, number>()
    const operations = new Set<string>()
    await fc.assert(
      fc.asyncProperty(arbitraryRequest(document, known), async (request) => {
        const token = NEEDED[request.access as keyof typeof NEEDED]
        const response = await send(under, {
          ...request,
          headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        })
        const text = await response.text()
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
        if (response.status < 300) operations.add(request.operation)
        expect([request.method, request.path, response.status < 500 || isToldOf(response.status, request)]).toEqual([
          request.method,
          request.path,
          true,
        ])
        for (const secret of [READ, WRITE, CRON, '    at ']) expect(text).not.toContain(secret)
        expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      }),
      { numRuns: REQUESTS, seed: 6 },
    )
    // It would prove nothing if all of them were refused.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 10)
    const missed = Object.values(document.paths)
      .flatMap((item) => Object.values(item))
      .map(({ operationId }) => operationId)
      .filter((id) => !operations.has(id))
    // Which of the rest are missed, two or three, is a matter of chance.
    expect(missed).toEqual(expect.arrayContaining(NEVER))
    expect(missed.length).toBeLessThanOrEqual(NEVER.length + 3)
    expect((await under.scheduler.audit()).ok).toBe(true)
  })

  it('change nothing without permission', async () => {
    const under = await subject()
    const { document, known } = await learn(under)
    const before = await stateOf(under)
    let open = 0
    await fc.assert(
      fc.asyncProperty(
        arbitraryRequest(document, known),
        fc.constantFrom('', READ, `${WRITE}x`, CRON.slice(1), 'null'),
        async (request, token) => {
          const response = await send(under, {
            ...request,
            headers: { ...request.headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
          })
          await response.text()
          if (response.status < 300) {
            expect([request.operation, request.access === 'public' || (request.access === 'read' && token === READ)]).toEqual([
              request.operation,
              true,
            ])
            open++
          }
          expect(response.status).toBeLessThan(500)
        },
      ),
      { numRuns: REQUESTS, seed: 7 },
    )
    expect(open).toBeGreaterThan(0)
    expect(await stateOf(under)).toBe(before)
  })
})

/** Health says by 503 that a job is unhealthy; that is an answer. */
function isToldOf(status: number, { operation }: GeneratedRequest): boolean {
  return status === 503 && ['health', 'jobHealth', 'ready'].includes(operation)
}
