import { afterEach, describe, expect, it } from 'vitest'
import { startApi } from '../src/api/start-api.ts'
import { poll } from './support/poll.ts'
import { freePort, type NodeProcess, runNode } from './support/run-node.ts'

const KEY = 'process-test-key'
const cleanups: (() => Promise<unknown>)[] = []

async function startApiFor(env: Record<string, string> = {}): Promise<Record<string, string>> {
  const { url, close } = await startApi({ apiKey: KEY, port: 0 })
  cleanups.push(close)
  return { BACKFILL_API_KEY: KEY, API_URL: `${url}/api/v2/agent/feedback/aggregate`, AGENT_FEEDBACK_RETRY_DELAY: '0.1', ...env }
}

function run(file: string, options: Parameters<typeof runNode>[1]): NodeProcess {
  const running = runNode(file, options)
  cleanups.push(() => {
    running.child.kill('SIGKILL')
    return running.ended
  })
  return running
}

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

describe('main --once', () => {
  it('ends with 0 after a success', async () => {
    const { code, output } = await run('main.ts', { args: ['--once'], env: await startApiFor() }).ended
    expect(output).toContain('✅ Aggregation completed successfully')
    expect(code).toBe(0)
  })

  it('ends with 1 after a failure, without showing the key or a stack', async () => {
    const env = await startApiFor({ BACKFILL_API_KEY: 'a-wrong-key' })
    const { code, output } = await run('main.ts', { args: ['--once'], env }).ended
    expect(output).toMatch(/❌ Aggregation failed: POST http:\S+ answered 401 /)
    expect(output).not.toContain('a-wrong-key')
    expect(output).not.toMatch(/^\s+at /m)
    expect(code).toBe(1)
  })

  it('ends with 2 when the environment is wrong, with every problem', async () => {
    const { code, output } = await run('main.ts', { args: ['--once'], env: { EVERY_HOURS: 'x', TIMEOUT: 'y' } }).ended
    expect(output).toMatch(
      /^The environment has 3 problems:\n {2}BACKFILL_API_KEY is not set.*\n {2}EVERY_HOURS="x".*\n {2}TIMEOUT="y".*\n$/,
    )
    expect(code).toBe(2)
  })

  it('ends with 2 when an option is unknown', async () => {
    const { code, output } = await run('main.ts', { args: ['--twice'] }).ended
    expect(output).toMatch(/^Unknown option: --twice\n\nUsage: /)
    expect(code).toBe(2)
  })
})

describe('main', () => {
  it('serves health to the health check, and ends cleanly on SIGTERM', async () => {
    const port = String(await freePort())
    const env = await startApiFor({ AGENT_FEEDBACK_HEALTH_PORT: port })
    const service = run('main.ts', { env })
    await poll('the first run', () => service.output().includes('Next run scheduled'))

    const check = await run('healthcheck.ts', { env: { AGENT_FEEDBACK_HEALTH_PORT: port } }).ended
    expect(check).toMatchObject({ code: 0 })

    service.child.kill('SIGTERM')
    expect(await service.ended).toMatchObject({ code: 0, signal: null })
    expect(service.output()).not.toContain('ERROR')

    const after = await run('healthcheck.ts', { env: { AGENT_FEEDBACK_HEALTH_PORT: port } }).ended
    expect(after).toMatchObject({ code: 1 })
  })

  it('fails the health check while it cannot do its work', async () => {
    const port = String(await freePort())
    const env = await startApiFor({ AGENT_FEEDBACK_HEALTH_PORT: port, BACKFILL_API_KEY: 'a-wrong-key', EVERY_HOURS: '0.0003' })
    const service = run('main.ts', { env })
    await poll('three failures', () => service.output().split('❌').length > 3, 60_000)
    const check = await run('healthcheck.ts', { env: { AGENT_FEEDBACK_HEALTH_PORT: port } }).ended
    expect(check).toMatchObject({ code: 1, output: expect.stringContaining('unhealthy') })
  })
})

describe('the API', () => {
  it('runs as a process that the health check can ask', async () => {
    const api = run('api/main.ts', { env: { BACKFILL_API_KEY: KEY, API_PORT: '0' } })
    const [url] = await poll('its address', () => /http:\S+/.exec(api.output()) ?? undefined)
    const check = await run('healthcheck.ts', { args: [`${url}/api/healthz`] }).ended
    expect(check).toMatchObject({ code: 0, output: `${url}/api/healthz answered 200\n` })
    // As from another container: not by the loopback address.
    const remote = `${url.replace('127.0.0.1', '0.0.0.0')}/api/healthz`
    expect(await run('healthcheck.ts', { args: [remote] }).ended).toMatchObject({ code: 0, output: `${remote} answered 200\n` })
    api.child.kill('SIGTERM')
    expect(await api.ended).toMatchObject({ code: 0, signal: null })
  })

  it('does not start without a key', async () => {
    const { code, output } = await run('api/main.ts', { env: {} }).ended
    expect(output).toContain('BACKFILL_API_KEY')
    expect(code).toBe(2)
  })
})
