/** Requests per second of `/health` and `/metrics` with 1,000 jobs, and how often the store is looked at meanwhile. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authorizeTokens, collectMetrics, createHandler, toNodeListener } from '@quarterjack/adapter-http'
import { createScheduler, defineJob, every, memoryStore } from '@quarterjack/core'
import type { Sample } from '../figure.ts'
import { startChild } from './child.ts'

const TOKEN = 'a-token-of-some-length'

export async function measureEndpoints(jobs: number, seconds: number): Promise<Sample> {
  const store = memoryStore()
  let looks = 0
  const stats: typeof store.runs.stats = (request) => {
    looks++
    return store.runs.stats(request)
  }
  const scheduler = createScheduler({
    store: { ...store, runs: { ...store.runs, stats } },
    logger: false,
    jobs: Array.from({ length: jobs }, (_, index) => defineJob({ name: `job-${index}`, schedule: every('1h'), run: () => undefined })),
  })
  await scheduler.start()
  const metrics = await collectMetrics(scheduler)
  for (const job of scheduler.jobs) await (await scheduler.trigger(job as never)).finished()
  const handler = createHandler(scheduler, { logger: false, metrics, authorize: authorizeTokens({ read: TOKEN }) })
  const server = createServer(toNodeListener(handler))
  // A machine that is busy elsewhere must not look like clients that have gone.
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const load = async (path: string, token: string): Promise<number> =>
    Number((await startChild('load.ts', [base + path, token, String(seconds)])).line)

  looks = 0
  const startedAt = performance.now()
  const sample = {
    livePerS: await load('/live', ''),
    healthPerS: await load('/health', ''),
    jobHealthPerS: await load('/health/job-7', ''),
    snapshotPerS: await load('/health', TOKEN),
    metricsPerS: await load('/metrics', TOKEN),
  }
  const looksPerS = (looks * 1_000) / (performance.now() - startedAt)
  server.closeAllConnections()
  await scheduler.stop({ grace: 0 })
  return { ...sample, storeLooksPerSecond: looksPerS }
}
