/** Two processes on one store, on a real Postgres and a real Redis of the test's own. */
import { createScheduler } from '@quarterjack/core'
import { afterEach, describe, expect, it } from 'vitest'
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { startPostgres } from '../../../packages/adapter-pg/test/servers/postgres.ts'
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { startRedis } from '../../../packages/adapter-redis/test/servers/redis.ts'
import { readConfig } from '../src/config.ts'
import { defineFeedbackJob } from '../src/feedback-job.ts'
import { openStore } from '../src/open-store.ts'
import { startCountingApi } from './support/counting-api.ts'
import { poll } from './support/poll.ts'
import { freePort, type NodeProcess, runNode } from './support/run-node.ts'

const PATIENCE_MS = 60_000
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
}, 60_000)

interface Replica extends NodeProcess {
  readonly port: string
}

async function startReplica(env: Record<string, string>): Promise<Replica> {
  const port = String(await freePort())
  const replica = runNode('main.ts', { env: { ...env, AGENT_FEEDBACK_HEALTH_PORT: port } })
  cleanups.push(() => {
    replica.child.kill('SIGKILL')
    return replica.ended
  })
  await poll('the start', () => replica.output().includes('Running initial aggregation'), PATIENCE_MS)
  return { ...replica, port }
}

function count(text: string, part: string): number {
  return text.split(part).length - 1
}

describe.each([
  ['Postgres', 'DATABASE_URL', () => startPostgres()],
  ['Redis', 'REDIS_URL', () => startRedis({ appendOnly: true })],
] as const)('two replicas on one %s', (_, variable, startServer) => {
  it('call once per slot, and when one is killed in a call, the other makes it again and goes on', async () => {
    const server = await startServer()
    cleanups.push(() => server.close())
    const api = await startCountingApi()
    cleanups.push(() => api.close())
    const env = {
      BACKFILL_API_KEY: 'key',
      API_URL: api.url,
      EVERY_HOURS: '0.0003',
      AGENT_FEEDBACK_LEASE: '5',
      [variable]: server.url,
    }
    const replicas = [await startReplica(env), await startReplica(env)]

    await poll('calls of several slots', () => api.calls.length >= 5, PATIENCE_MS)
    expect(new Set(api.calls).size).toBe(api.calls.length)

    api.hang()
    const key = await poll('an open call', () => api.open[0], PATIENCE_MS)
    // Whoever makes it has said so, and has not said how it ended.
    const caller = await poll('its maker', () =>
      replicas.find(({ output }) => count(output(), '🔄') > count(output(), '✅') + count(output(), '⚠️')),
    )
    caller.child.kill('SIGKILL')
    await caller.ended
    await poll('the call, made again', () => count(api.calls.join(), key) === 2 && api.open.includes(key), PATIENCE_MS)
    api.answer()
    const before = api.calls.length
    await poll('slots after it', () => api.calls.length >= before + 3, PATIENCE_MS)

    const survivor = replicas.find((replica) => replica !== caller)!
    const check = await runNode('healthcheck.ts', { env: { AGENT_FEEDBACK_HEALTH_PORT: survivor.port } }).ended
    expect(check, check.output).toMatchObject({ code: 0 })
    survivor.child.kill('SIGTERM')
    expect(await survivor.ended).toMatchObject({ code: 0, output: expect.not.stringContaining('ERROR') })

    const { store, close } = await openStore(readConfig(env))
    cleanups.push(close)
    const job = defineFeedbackJob({ config: readConfig(env), log: { info() {}, warn() {}, error() {} } })
    const scheduler = createScheduler({ store, jobs: [job], logger: false })
    cleanups.push(() => scheduler.stop())
    const runs = await scheduler.runs.find({ job, limit: 500 })
    const slots = runs.flatMap(({ slot }) => (slot === null ? [] : [slot.getTime()]))
    expect(new Set(slots).size).toBe(slots.length)
    expect(runs.filter(({ trigger }) => trigger === 'start')).toHaveLength(1)
    // One call for each run, and one more for the one whose caller died.
    expect(api.calls.filter((one) => one !== key)).toHaveLength(new Set(api.calls).size - 1)
    expect(runs.find(({ id }) => id === key)).toMatchObject({
      state: 'succeeded',
      attempts: [{ outcome: 'abandoned' }, { outcome: 'succeeded' }],
    })
    expect(await scheduler.audit()).toMatchObject({ ok: true, complete: true, violations: [] })
  }, 300_000)

  it('go on as they did when somebody runs --once beside them', async () => {
    const server = await startServer()
    cleanups.push(() => server.close())
    const api = await startCountingApi()
    cleanups.push(() => api.close())
    const env = { BACKFILL_API_KEY: 'key', API_URL: api.url, [variable]: server.url }
    const replica = await startReplica(env)
    await poll('the first run', () => replica.output().includes('Next run scheduled'), PATIENCE_MS)

    const once = await runNode('main.ts', { args: ['--once'], env }).ended
    expect(once, once.output).toMatchObject({ code: 0 })
    expect(new Set(api.calls).size).toBe(2)
    const { store, close } = await openStore(readConfig(env))
    cleanups.push(close)
    const scheduler = createScheduler({ store, jobs: [], logger: false })
    cleanups.push(() => scheduler.stop())
    expect(await scheduler.schedules.list()).toMatchObject([{ job: 'feedback-aggregate', state: 'active' }])
  }, 120_000)
})
