/** Claims that take some of several jobs' runs each: over many of them, no job gets more than its share. */
import type { EnqueueRequest } from '@quarterjack/core/store'
import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { startRedis } from '../servers/redis.ts'

const JOBS = ['mail', 'report', 'sync']
const RUNS = 60
const NOW = 1_700_000_000_000

it.each([1, 2, 4, 5, 7])('%i runs at a time', async (limit) => {
  await using server = await startRedis({ appendOnly: true })
  const client = createClient({ url: server.url })
  client.on('error', () => undefined)
  await client.connect()
  const store = redisStore({ client, hints: false })
  const requests = JOBS.flatMap((job) => Array.from({ length: RUNS }, (_, index) => requestOf(job, `run-${job}-${index}`)))
  await store.runs.enqueue({ requests, now: NOW })
  await store.runs.renew({ owner: 'a', leaseMs: 5_000, jobs: JOBS.map((job) => ({ job, hash: 'h' })), started: [], progress: [], now: NOW })

  const counts = new Map(JOBS.map((job) => [job, 0]))
  for (let claim = 0; claim < 12; claim++) {
    const { runs } = await store.runs.claim({ owner: 'a', leaseMs: 5_000, limit, start: limit, seenFence: 0, now: NOW })
    for (const { record } of runs) counts.set(record.job, (counts.get(record.job) ?? 0) + 1)
  }
  const shares = [...counts.values()]
  client.destroy()
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(12 * limit)
  expect({ limit, shares, isEqual: Math.max(...shares) - Math.min(...shares) <= 1 }).toMatchObject({ isEqual: true })
})

function requestOf(job: string, id: string): EnqueueRequest {
  return {
    id,
    job,
    key: 'k',
    trigger: 'manual',
    payload: null,
    triggers: 1,
    priority: 0,
    delayMs: 0,
    overlap: 'allow',
    skipWhenBusy: false,
    gates: [],
  }
}
