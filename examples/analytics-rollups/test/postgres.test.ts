/** As it is deployed: processes of their own on a real PostgreSQL, with 30 days of rows, within the memory that the document grants. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
// shape-allow package-wall: the adapter's tests know how to start private servers.
import { type PostgresServer, startPostgres } from '../../../packages/adapter-pg/test/servers/postgres.ts'
import { openDatabase } from '../src/db/open-database.ts'
import { recompute } from '../src/demo/recompute.ts'
import { poll } from './support/poll.ts'
import { type MainProcess, runMain } from './support/run-main.ts'

const PATIENCE_MS = 300_000
/** The limit of the hourly CronJob and of the Deployment, the smaller ones of the manifests. */
const LIMIT_BYTES = 512 * 1_024 * 1_024
/** What Node takes for its heap at most where that is the limit; here nothing tells it. */
const HEAP = '--max-old-space-size=256'

let server: PostgresServer
let env: Readonly<Record<string, string>>
const mains: MainProcess[] = []

beforeAll(async () => {
  server = await startPostgres()
  env = { DATABASE_URL: server.url, PORT: '0', GENERATE_DAYS: '30', ROLLUP_DEBOUNCE_SECONDS: '0.2', NODE_OPTIONS: HEAP }
}, PATIENCE_MS)
afterAll(async () => {
  for (const { child } of mains) child.kill('SIGKILL')
  await server?.close()
})

/** The most memory that a process had so far, in bytes; of Linux alone. */
function peakOf({ child }: MainProcess): number {
  if (process.platform !== 'linux') return 0
  // It says nothing of one that is just ending.
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024
}

it(
  'the migration, then the aggregation of 30 days, in 512 MiB',
  async () => {
    expect(await runMain(env, 'migrate.ts').ended).toMatchObject({ code: 0 })
    const aggregation = runMain(env, 'aggregate.ts', ['--backfill', '30'])
    let peak = 0
    const watch = setInterval(() => {
      if (aggregation.child.exitCode === null) peak = Math.max(peak, peakOf(aggregation))
    }, 20)
    const { code, output } = await aggregation.ended
    clearInterval(watch)
    expect(code, output).toBe(0)
    expect(output).toContain('100 %')
    if (process.platform === 'linux') expect(peak).toBeGreaterThan(0)
    expect(peak).toBeLessThan(LIMIT_BYTES)
  },
  PATIENCE_MS,
)

it(
  'operators suspend, look, resume, and run one now',
  async () => {
    const ops = async (...args: readonly string[]): Promise<string> => {
      const { code, output } = await runMain(env, 'ops.ts', args).ended
      expect([args, code, output]).toEqual([args, 0, output])
      return output
    }
    await ops('suspend', 'hourly-analytics', '--reason', 'a look at the database')
    expect(await ops('list')).toMatch(/hourly-analytics .* suspended/)
    await ops('resume', 'hourly-analytics')
    expect(await ops('run', 'hourly-analytics')).toMatch(/of hourly-analytics: (succeeded|skipped)/)
    expect(await ops('audit')).toContain('no violation')
  },
  PATIENCE_MS,
)

it(
  'two replicas of the service, in 512 MiB each; when one is killed, the other goes on; the figures are right',
  async () => {
    mains.push(runMain(env), runMain(env))
    const urls = await Promise.all(
      mains.map(({ output }) => poll('its address', () => /Analytics on (http:\S+)/.exec(output())?.[1], PATIENCE_MS)),
    )
    const isHealthy = async (url: string): Promise<boolean> => (await fetch(`${url}/health/rollup`)).status === 200
    for (const url of urls) await poll('health', () => isHealthy(url), PATIENCE_MS)
    expect((await fetch(`${urls[1]}/`)).status).toBe(200)

    mains[0]!.child.kill('SIGKILL')
    await mains[0]!.ended
    const db = await openDatabase({ url: server.url })
    await db.query(`delete from analytics.execution_spans where user_id = 'user-cy' and started_at < now() - interval '3 days'`)
    await poll(
      'the figures without the deleted rows',
      async () => (await recompute(db, Date.now())).every(({ rolledUp, raw }) => rolledUp === raw),
      PATIENCE_MS,
    )
    await db.close()
    expect(await isHealthy(urls[1]!)).toBe(true)
    expect(peakOf(mains[1]!)).toBeLessThan(LIMIT_BYTES)
    mains[1]!.child.kill('SIGTERM')
    expect(await mains[1]!.ended).toMatchObject({ code: 0 })
  },
  PATIENCE_MS,
)
