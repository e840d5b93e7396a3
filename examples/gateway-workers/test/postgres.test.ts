/** Two replicas, processes of their own, on a real PostgreSQL. */
import { afterAll, beforeAll, expect, it } from 'vitest'
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { type PostgresServer, startPostgres } from '../../../packages/adapter-pg/test/servers/postgres.ts'
import { DEV_SECRET } from '../src/config.ts'
import { poll } from './support/poll.ts'
import { type MainProcess, runMain } from './support/run-main.ts'

const PATIENCE_MS = 120_000

let server: PostgresServer
const mains: MainProcess[] = []

beforeAll(async () => {
  server = await startPostgres()
  for (let n = 0; n < 2; n += 1) mains.push(runMain({ PORT: '0', DATABASE_URL: server.url }))
}, PATIENCE_MS)
afterAll(async () => {
  for (const { child } of mains) child.kill('SIGKILL')
  await server?.close()
})

async function call(method: string, address: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(address, { method, headers: { authorization: `Bearer ${DEV_SECRET}` } })
  expect([address, response.status]).toEqual([address, 200])
  return (await response.json()) as Readonly<Record<string, unknown>>
}

it(
  'share workers and their records; when one is killed, the other goes on',
  async () => {
    const [first = '', second = ''] = await Promise.all(
      mains.map(({ output }) => poll('its address', () => /Gateway on (http:\S+),/.exec(output())?.[1], PATIENCE_MS)),
    )
    const { runId } = await call('POST', `${first}/api/v1/workers/reset-credits`)
    const { result } = await call('GET', `${second}/api/v1/runs/${String(runId)}`)
    const changed = Object.values(result as Readonly<Record<string, number>>)
    expect(changed.some((count) => count > 0)).toBe(true)
    // The same day by way of the other replica: nothing is left to do.
    const again = await call('POST', `${second}/api/v1/workers/reset-credits`)
    const { result: nothing } = await call('GET', `${first}/api/v1/runs/${String(again.runId)}`)
    expect(Object.values(nothing as Readonly<Record<string, number>>).every((count) => count === 0)).toBe(true)

    mains[0]!.child.kill('SIGKILL')
    await mains[0]!.ended
    expect(await call('POST', `${second}/api/v1/workers/aggregate-hourly`)).toMatchObject({ status: 'succeeded' })
    expect(await call('GET', `${second}/api/v1/workers/health`)).toMatchObject({ status: 'ok' })
    mains[1]!.child.kill('SIGTERM')
    expect(await mains[1]!.ended).toMatchObject({ code: 0 })
  },
  PATIENCE_MS,
)
