/**
 * A part of what the store keeps is gone: deleted by hand, or evicted by a server that may. A recurring job of another queue
 * stops for ever when its one delayed job is deleted, and nothing says so. Here it must go on, or health must say that it does not.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { until } from '@quarterjack/fault-kit/poll'
import type { Worker } from '@quarterjack/fault-kit/start-worker'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { LEASE_MS } from '@quarterjack/fault-kit/worker-plan'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { DURABLE } from './ground.ts'
import { createRedisSite, type RedisSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

/** Several renewals, and slots enough to be sure that none comes. */
const NOTICED_MS = 2 * LEASE_MS + 2_000

let server: RedisServer
beforeAll(async () => {
  server = await startRedis(DURABLE)
})
afterAll(() => server?.close())

async function cutDueEntries({ prefix }: RedisSite): Promise<void> {
  await until('an entry is cut', async () => {
    const due = (await server.ask('ZRANGE', `{${prefix}}:due`, '0', '-1')) as readonly string[]
    return due.length > 0 && (await server.ask('ZREM', `{${prefix}}:due`, ...due)) === due.length
  })
}

/** `goes on`, what health says instead, or null. */
async function outcomeOf(site: RedisSite, workers: readonly Worker[]): Promise<string | null> {
  const lostAt = await site.effects.now()
  await sleep(NOTICED_MS)
  const late = await site.effects.all()
  if (late.some(({ slot, startedAt }) => Number(slot) > lostAt + NOTICED_MS / 2 && startedAt > lostAt)) return 'goes on'
  const { status, why } = await workers[0]!.ask({ what: 'health' })
  return status === 'ok' ? null : why.join()
}

it.each(['an entry of due', 'due', 'dueJobs', 'schedules', 'scheduleNames', 'jobs', 'jobNumbers', 'owners', 'ownerEnds', 'runs', 'meta'])(
  '%s: schedules go on, or health says that they do not',
  async (what) => {
    await using site = await createRedisSite(server, [{ name: 'tick', every: ['300ms'] }])
    const workers = await site.start(['a', 'b'])
    await until('slots', async () => (await site.effects.all()).length >= 3)
    if (what === 'an entry of due') await cutDueEntries(site)
    else expect(await server.ask('DEL', `{${site.prefix}}:${what}`)).toBe(1)
    const outcome = await outcomeOf(site, workers)
    figure(`${what} is deleted`, { outcome: outcome ?? 'stops, and nothing says so' })
    expect(outcome).not.toBeNull()
  },
)
