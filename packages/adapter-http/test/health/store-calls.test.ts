/** What monitors cost the store: one look per interval, however many ask and whatever they ask for. */
import { createScheduler, defineJob, every } from '@quarterjack/core'
import { fakeClock } from '@quarterjack/core/testing'
import { Registry } from 'prom-client'
import { expect, it, onTestFinished } from 'vitest'
import { authorizeTokens, collectMetrics, createHandler } from '../../src/index.ts'
import { countingStore } from '../support/counting-store.ts'
import { READ } from '../support/handling.ts'
import { hourly, START } from '../support/rollups.ts'

const PATHS = ['/health', '/health/report', '/ready', '/snapshot', '/metrics', '/jobs/report', '/live'] as const

/** Sends 1,000 requests at once, and answers with the calls of the store that they cost. */
async function burst(withRollup: boolean): Promise<{ readonly first: readonly string[]; readonly second: readonly string[] }> {
  const clock = fakeClock(START)
  const { store, calls } = countingStore({ clock })
  const report = defineJob({ name: 'report', schedule: every('1h'), run: () => undefined })
  // A client has no loop, whose calls would be counted too.
  const scheduler = createScheduler({ store, clock, logger: false, jobs: [report, ...(withRollup ? [hourly()] : [])] })
  const worker = createScheduler({ store, clock, logger: false, jobs: scheduler.jobs })
  await clock.until(worker.start(), 10_000)
  onTestFinished(async () => void (await clock.until(worker.stop({ grace: 0 }), 60_000)))
  await clock.until(scheduler.health(), 10_000)
  const metrics = await collectMetrics(scheduler, { registry: new Registry() })
  onTestFinished(() => metrics.stop())
  const handler = createHandler(scheduler, { clock, logger: false, authorize: authorizeTokens({ read: READ }), metrics })
  const ask = (path: string): Promise<Response> =>
    handler(new Request(`http://localhost${path}`, { headers: { authorization: `Bearer ${READ}` } }))
  const all = async (): Promise<readonly string[]> => {
    calls.length = 0
    const answers = Promise.all(Array.from({ length: 1_000 }, (_, index) => ask(PATHS[index % PATHS.length] as string)))
    const statuses = (await clock.until(answers, 100)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    return [...calls]
  }
  const first = await all()
  expect(await all(), 'within the interval').toEqual([])
  await clock.advance(1_001)
  return { first, second: await all() }
}

it('1,000 requests at once cost the store one call per interval', async () => {
  const { first, second } = await burst(false)
  expect(first).toEqual(['runs.stats'])
  expect(second).toEqual(['runs.stats'])
})

it('with rollups, one more for how fresh they are, and one for the gauge of backfills', async () => {
  const { first, second } = await burst(true)
  expect([...first].sort()).toEqual(['runs.stats', 'windows.backfills.find', 'windows.state'])
  expect(second).toHaveLength(3)
})
