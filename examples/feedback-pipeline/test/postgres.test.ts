/** Two replicas, processes of their own, on a real PostgreSQL. */
import { afterAll, beforeAll, expect, it } from 'vitest'
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { type PostgresServer, startPostgres } from '../../../packages/adapter-pg/test/servers/postgres.ts'
import { DEV_TOKEN } from '../src/config.ts'
import { poll } from './support/poll.ts'
import { type MainProcess, runMain } from './support/run-main.ts'

const PATIENCE_MS = 120_000

let server: PostgresServer
const mains: MainProcess[] = []

beforeAll(async () => {
  server = await startPostgres()
  const env = { PORT: '0', DATABASE_URL: server.url, CLUSTER_WAIT_MS: '100', AGENT_STEP_MS: '0', POLL_EVERY_MS: '86400000' }
  for (let n = 0; n < 2; n += 1) mains.push(runMain(env))
}, PATIENCE_MS)
afterAll(async () => {
  for (const { child } of mains) child.kill('SIGKILL')
  await server?.close()
})

interface Cluster {
  readonly id: string
  readonly title: string
}

async function ask<Body>(method: string, address: string, body?: object): Promise<Body> {
  const headers = { authorization: `Bearer ${DEV_TOKEN}`, 'content-type': 'application/json' }
  const response = await fetch(address, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  expect([address, response.ok]).toEqual([address, true])
  return (await response.json()) as Body
}

it(
  'what comes in by one is seen and fixed by the other, also when the first one is gone',
  async () => {
    const [first = '', second = ''] = await Promise.all(
      mains.map(({ output }) => poll('its address', () => /Feedback pipeline on (http:\S+)/.exec(output())?.[1], PATIENCE_MS)),
    )
    await ask('POST', `${first}/ingest/manual`, { title: 'CSV export stops at 1000 rows' })
    mains[0]!.child.kill('SIGTERM')
    expect(await mains[0]!.ended).toMatchObject({ code: 0 })
    const cluster = await poll(
      'its cluster',
      async () =>
        (await ask<{ clusters: readonly Cluster[] }>('GET', `${second}/clusters`)).clusters.find(({ title }) => /CSV export/.test(title)),
      PATIENCE_MS,
    )
    const { job } = await ask<{ job: { id: string } }>('POST', `${second}/clusters/${cluster.id}/fix`)
    await poll(
      'the pull request',
      async () => (await ask<{ status: string }>('GET', `${second}/jobs/${job.id}`)).status === 'succeeded',
      PATIENCE_MS,
    )
    // A machine that was too busy for a moment is told of, and then no more.
    await poll('its health', async () => (await ask<{ status: string }>('GET', `${second}/ops/health`)).status === 'ok', PATIENCE_MS)
    mains[1]!.child.kill('SIGTERM')
    expect(await mains[1]!.ended).toMatchObject({ code: 0 })
  },
  PATIENCE_MS,
)
