/** The whole service from outside: one process on an embedded database, reached over HTTP as a cron, a monitor and people do. */
import { readFileSync } from 'node:fs'
import { fromCrontab } from '@quarterjack/adapter-http'
import { createScheduler, memoryStore } from '@quarterjack/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEV_SECRET } from '../src/config.ts'
import type { WorkerHealth } from '../src/http/worker-health.ts'
import type { AssignmentState } from '../src/orchestration/assignments.ts'
import type { Suggestion } from '../src/orchestration/review.ts'
import { PROJECTS } from '../src/seed/generate-projects.ts'
import { poll } from './support/poll.ts'
import { type MainProcess, runMain } from './support/run-main.ts'

let main: MainProcess
let url: string

beforeAll(async () => {
  main = runMain({ PORT: '0' })
  url = await poll('the address', () => /Gateway on (http:\S+),/.exec(main.output())?.[1], 60_000)
})

afterAll(() => {
  main.child.kill('SIGKILL')
})

interface Answer {
  readonly status: number
  readonly body: { readonly [name: string]: unknown }
}

async function call(method: string, path: string, body?: unknown, secret: string | null = DEV_SECRET): Promise<Answer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      ...(secret !== null && { authorization: `Bearer ${secret}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

/** What a worker answered its run with: only those with an admin secret see it. */
async function resultOf(runId: unknown): Promise<unknown> {
  return (await call('GET', `/runs/${String(runId)}`)).body.result
}

const agentsAtRest = (): Promise<unknown> =>
  poll('agents at rest', async () => {
    const { body } = await call('GET', '/runs?job=orchestration-agent&state=pending&state=waiting&state=running')
    return (body.runs as readonly unknown[]).length === 0
  })

describe('an external cron', () => {
  it('runs every line of the old crontab, and the second time nothing is left to do', async () => {
    const crontab = readFileSync(new URL('../cron/crontab', import.meta.url), 'utf8')
    const { jobs } = fromCrontab(crontab, { env: { API_URL: url, CRON_SECRET: DEV_SECRET }, timeout: '1m' })
    const cron = createScheduler({ store: memoryStore(), jobs, logger: false })
    await cron.start()
    const results: Record<string, unknown>[] = [{}, {}]
    for (const round of results) {
      for (const job of jobs) {
        const answer = (await (await cron.trigger(job)).finished({ timeout: '30s' })) as Answer['body']
        expect([job.name, answer.status]).toEqual([job.name, 'succeeded'])
        round[job.name] = await resultOf(answer.runId)
      }
      await agentsAtRest()
    }
    await cron.stop()
    const [first, second] = results
    expect(Object.keys(first!)).toHaveLength(13)
    const sums = (result: unknown): number =>
      Object.values(result as Record<string, unknown>).reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0)
    expect(first!['orchestration-batch']).toMatchObject({ projects: 3, analysed: 2, triggered: 9 })
    expect(second!['orchestration-batch']).toMatchObject({ triggered: 0 })
    for (const name of Object.keys(first!).filter((one) => !one.includes('batch') && !one.includes('retry'))) {
      expect([name, sums(first![name]) > 0, sums(second![name])]).toEqual([name, true, 0])
    }
    // The agent that failed within the first batch.
    expect(second!['orchestration-retry-failed']).toEqual({ retried: 1 })
  })

  it.each([
    ['without a secret', null],
    ['with a wrong one', 'dev-admin-secre'],
  ])('is refused %s', async (_, secret) => {
    for (const path of ['/workers/reset-credits', '/workers/orchestration/batch', `/workers/orchestration/project/${PROJECTS.slicer}`]) {
      expect((await call('POST', path, undefined, secret)).status).toBe(401)
    }
  })

  it('hears of what does not exist', async () => {
    expect((await call('POST', '/workers/reset-everything')).status).toBe(404)
    expect((await call('POST', '/workers/orchestration/project/not-a-uuid')).status).toBe(422)
    expect((await call('POST', '/workers/orchestration/cleanup', { retentionDays: 0 })).status).toBe(422)
  })
})

describe('by hand', () => {
  it('a project’s agents run, each with a run of its own', async () => {
    const { status, body } = await call('POST', `/workers/orchestration/project/${PROJECTS.storefront}`)
    expect([status, body.status]).toEqual([200, 'succeeded'])
    const { runs } = (await resultOf(body.runId)) as { runs: Record<string, string> }
    await agentsAtRest()
    const marketer = await call('GET', `/runs/${runs.marketer}`)
    expect(marketer.body).toMatchObject({ state: 'skipped', reason: 'handler: autonomous_mode is disabled' })
  })

  it('a project is analysed over the last hours that were asked for', async () => {
    const { status, body } = await call('POST', `/workers/orchestration/project/${PROJECTS.slicer}/analyze-github`, { periodHours: 240 })
    expect([status, body.status]).toEqual([200, 'succeeded'])
    const { metrics } = (await resultOf(body.runId)) as { metrics: { commits: number } }
    expect(metrics.commits).toBeGreaterThan(20)
  })

  it('a project that does not exist has no agents', async () => {
    const { body } = await call('POST', '/workers/orchestration/project/7d0f7b58-5a0e-4a7e-9a43-0c2f5f1effff')
    expect(body).toMatchObject({ status: 'skipped', reason: expect.stringContaining('has no agents') })
  })
})

describe('a monitor', () => {
  it('sees how each worker is doing, without a secret and without errors', async () => {
    const { status, body } = await call('GET', '/workers/health', undefined, null)
    const { workers } = body as unknown as WorkerHealth
    expect(status).toBe(200)
    expect(workers).toHaveLength(16)
    expect(workers.find(({ name }) => name === 'reset-credits')).toMatchObject({
      status: 'ok',
      consecutiveFailures: 0,
      lastSuccess: expect.any(String),
      nextRun: expect.stringMatching(/T00:00:00.000Z$/),
    })
    expect(JSON.stringify(body)).not.toContain('firmware')
  })

  it('can be the health check of the container', async () => {
    expect(await runMain({ PORT: new URL(url).port }, 'healthcheck.ts').ended).toMatchObject({ code: 0 })
  })
})

describe('a reviewer', () => {
  it('decides on what waits', async () => {
    const queue = async (status: string): Promise<readonly Suggestion[]> =>
      (await call('GET', `/suggestions?status=${status}`)).body.suggestions as readonly Suggestion[]
    const [first] = await queue('pending_review')
    expect(first).toMatchObject({ kind: expect.any(String), confidence: expect.any(Number), decidedBy: null })
    expect((await call('POST', `/suggestions/${first!.id}/approved`, { by: 'mira' })).status).toBe(200)
    expect((await call('POST', `/suggestions/${first!.id}/rejected`, { by: 'jon' })).status).toBe(409)
    expect((await queue('approved')).find(({ id }) => id === first!.id)).toMatchObject({ decidedBy: 'mira' })
  })

  it('changes how often an agent runs, and its schedule follows', async () => {
    const path = `/projects/${PROJECTS.slicer}/agents/developer`
    const settings = { autonomousMode: 'suggest', frequencyHours: 3, maxPerRun: 2, cooldownHours: 24 }
    expect((await call('PUT', path, settings)).status).toBe(200)
    const agents = (await call('GET', `/projects/${PROJECTS.slicer}/agents`)).body.agents as readonly AssignmentState[]
    expect(agents.find(({ agent }) => agent === 'developer')?.settings).toMatchObject({ ...settings, minConfidenceScore: 0.5 })
    const { body } = await call('GET', '/jobs/orchestration-agent/schedules')
    expect(body.schedules).toContainEqual(expect.objectContaining({ key: `${PROJECTS.slicer}/developer`, description: 'every 3h' }))

    expect((await call('PUT', path, { ...settings, frequencyHours: 169 })).status).toBe(400)
    expect((await call('PUT', path, settings, null)).status).toBe(401)
    expect((await call('PUT', '/projects/7d0f7b58-5a0e-4a7e-9a43-0c2f5f1effff/agents/developer', settings)).status).toBe(404)
    expect((await call('GET', '/suggestions', undefined, 'x')).status).toBe(401)
  })
})

// The last one: it ends the process.
it('ends cleanly on SIGTERM, and its log knows no secret', async () => {
  main.child.kill('SIGTERM')
  const { code, output } = await main.ended
  expect(code).toBe(0)
  expect(output.replaceAll(`Bearer ${DEV_SECRET}"`, '')).not.toContain(DEV_SECRET)
})

it('ends with 2 when the environment is wrong', async () => {
  expect(await runMain({ HOST: '0.0.0.0' }).ended).toMatchObject({ code: 2, output: expect.stringContaining('CRON_SECRET must be set') })
})
