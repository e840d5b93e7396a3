import { memoryStore } from '@quarterjack/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type StartApiOptions, startApi } from '../src/api/start-api.ts'
import { readConfig } from '../src/config.ts'
import { aggregateOnce, createFeedbackService, type FeedbackService } from '../src/feedback-service.ts'
import { poll } from './support/poll.ts'

const KEY = 'service-test-key'
const cleanups: (() => Promise<void>)[] = []

interface Setup {
  readonly service: FeedbackService
  readonly lines: string[]
}

/** A real API and a service that calls it over HTTP, with the given environment. */
async function setUp(env: Record<string, string> = {}, api: Partial<StartApiOptions> = {}): Promise<Setup> {
  const { url, close } = await startApi({ apiKey: KEY, port: 0, ...api })
  cleanups.push(close)
  const lines: string[] = []
  const service = createFeedbackService(readConfig(environment(url, env)), { store: memoryStore(), write: (line) => lines.push(line) })
  cleanups.push(() => service.stop())
  return { service, lines }
}

function environment(apiUrl: string, env: Record<string, string>): Record<string, string> {
  return {
    BACKFILL_API_KEY: KEY,
    API_URL: `${apiUrl}/api/v2/agent/feedback/aggregate`,
    AGENT_FEEDBACK_RETRY_DELAY: '0.1',
    AGENT_FEEDBACK_HEALTH_PORT: '0',
    ...env,
  }
}

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

describe('the service', () => {
  it('aggregates at once and is healthy', async () => {
    const { service, lines } = await setUp()
    const url = await service.start()
    await poll('the first run', () => lines.some((line) => line.includes('Next run scheduled')))
    expect(lines.join('\n')).toContain('"events":420')

    const response = await fetch(`${url}/health`)
    const snapshot = (await response.json()) as { version: number; jobs: unknown[] }
    expect([response.status, snapshot]).toMatchObject([
      200,
      { version: 1, status: 'ok', jobs: [{ job: 'feedback-aggregate', consecutiveFailures: 0 }] },
    ])
    expect(JSON.stringify(snapshot)).not.toContain(KEY)
    expect((await fetch(`${url}/live`)).status).toBe(200)
  })

  it('listens on the loopback interface only', async () => {
    const { service } = await setUp()
    expect(new URL(await service.start()).hostname).toBe('127.0.0.1')
  })

  it('tries again when the API fails, within the same run', async () => {
    const { service, lines } = await setUp({}, { faults: [{ kind: 'fail', times: 2, status: 503 }] })
    await service.start()
    await poll('a success', () => lines.some((line) => line.includes('✅')))
    const [run, ...others] = await service.scheduler.runs.find({})
    expect(others).toEqual([])
    expect(run).toMatchObject({ state: 'succeeded', attempt: 3, failures: 2 })
    expect(run?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'succeeded'])
  })

  it('gives up on a call that hangs, and tries again', async () => {
    const { service, lines } = await setUp({ TIMEOUT: '0.3' }, { faults: [{ kind: 'hang', times: 1 }] })
    await service.start()
    await poll('a success', () => lines.some((line) => line.includes('✅')))
    const [run] = await service.scheduler.runs.find({})
    expect(run?.attempts.map(({ outcome }) => outcome)).toEqual(['timedOut', 'succeeded'])
  })

  it('does not try a wrong key twice', async () => {
    const { service, lines } = await setUp({ BACKFILL_API_KEY: 'another-key' })
    await service.start()
    await poll('a failure', () => lines.some((line) => line.includes('❌')))
    const [run] = await service.scheduler.runs.find({})
    expect(run).toMatchObject({ state: 'dead', attempt: 1 })
    expect(JSON.stringify([run, lines])).not.toContain('another-key')
  })

  it('is unhealthy after three dead runs, and answers 503', async () => {
    const { service } = await setUp(
      { EVERY_HOURS: '0.0003', AGENT_FEEDBACK_RETRIES: '0' },
      { faults: [{ kind: 'fail', times: 100, status: 500 }] },
    )
    const url = await service.start()
    const response = await poll('503', async () => {
      const answer = await fetch(`${url}/health`)
      return answer.status === 503 && answer
    })
    expect(await response.json()).toMatchObject({ status: 'unhealthy', jobs: [{ consecutiveFailures: 3 }] })
    expect((await fetch(`${url}/live`)).status).toBe(200)
  })

  it('stays healthy while slots are skipped for want of feedback', async () => {
    const { service } = await setUp({ EVERY_HOURS: '0.0003' })
    const url = await service.start()
    await poll('three skipped slots', async () => (await service.scheduler.runs.find({ state: 'skipped' })).length >= 3)
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect(await service.scheduler.audit()).toMatchObject({ ok: true, violations: [] })
  })

  it('lets a running call finish when it is stopped', async () => {
    const { service, lines } = await setUp()
    await service.start()
    await service.stop()
    const calls = lines.filter((line) => line.includes('Calling'))
    expect(lines.filter((line) => line.includes('✅'))).toHaveLength(calls.length)
  })

  it('says so when its health port is taken, and starts nothing', async () => {
    const first = await setUp()
    const port = new URL(await first.service.start()).port
    const second = await setUp({ AGENT_FEEDBACK_HEALTH_PORT: port })
    await expect(second.service.start()).rejects.toThrow('EADDRINUSE')
    expect(second.lines).toEqual([])
  })
})

describe('aggregateOnce', () => {
  async function once(env: Record<string, string> = {}, api: Partial<StartApiOptions> = {}): Promise<{ ok: boolean; lines: string[] }> {
    const { url, close } = await startApi({ apiKey: KEY, port: 0, ...api })
    cleanups.push(close)
    const lines: string[] = []
    const ok = await aggregateOnce(readConfig(environment(url, env)), { store: memoryStore(), write: (line) => lines.push(line) })
    return { ok, lines }
  }

  it('runs once, and neither starts a schedule nor announces a next run', async () => {
    const { ok, lines } = await once()
    expect(ok).toBe(true)
    expect(lines.map((line) => line.slice(20))).toEqual([
      expect.stringContaining('🔄 Calling'),
      '[INFO] ✅ Aggregation completed successfully',
      expect.stringContaining('Response: {"status":"ok"'),
    ])
  })

  it('retries as the service does', async () => {
    expect(await once({}, { faults: [{ kind: 'fail', times: 1, status: 500 }] })).toMatchObject({ ok: true })
  })

  it('is false when the retries are used up', async () => {
    const { ok, lines } = await once({ AGENT_FEEDBACK_RETRIES: '1' }, { faults: [{ kind: 'fail', times: 5, status: 500 }] })
    expect(ok).toBe(false)
    expect(lines.at(-1)).toMatch(/❌ Aggregation failed: POST http:\S+ answered 500 /)
  })
})
