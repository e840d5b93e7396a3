/** The mutex between real processes: one at a time, in turn, past a holder that is killed or frozen, and a server that freezes or goes away. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { createLockSite, expectExclusive, LOCK_LEASE_MS, type LockSite } from '@quarterjack/fault-kit/lock-site'
import { until } from '@quarterjack/fault-kit/poll'
import { testMutex } from '@quarterjack/fault-kit/suites/mutex'
import { expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { DURABLE } from './ground.ts'
import { openHolds } from './holds.ts'
import type { RedisLockPlan } from './lock-worker.ts'

testMutex(async () => createSite(await startRedis(DURABLE)))

it.each(['node-redis', 'ioredis'] as const)(
  'a holder behind %s is told within its lease that the server froze, and may not be believed any more',
  async (kind) => {
    const server = await startRedis(DURABLE)
    await using site = await createSite(server)
    const { holds } = site
    // The clients take turns.
    const [first, second] = [await site.launch('a', 60_000), await site.launch('b', 60_000)]
    const chosen = kind === 'node-redis' ? { name: 'a', other: second } : { name: 'b', other: first }
    chosen.other.kill('SIGKILL')
    const fence = await site.holding(chosen.name)
    server.pause()
    const frozenAt = await holds.now()
    await until('the holder has let go', async () => (await holds.all()).find((one) => one.fence === fence)?.to != null)
    const held = (await holds.all()).find((one) => one.fence === fence)
    expect(held?.told).toBe(true)
    const toldMs = Number(held?.to) - frozenAt
    expect(toldMs).toBeLessThan(LOCK_LEASE_MS)
    await sleep(LOCK_LEASE_MS + 1_000 - toldMs)
    server.resume()
    await until('it is held again', async () => (await holds.all()).some((one) => one.fence > fence))
    expectExclusive(await holds.all())
    figure(`a server that freezes while a mutex is held (${kind})`, { 'holder told after ms': toldMs, 'lease ms': LOCK_LEASE_MS })
  },
)

/** Its processes take turns: node-redis, ioredis, … */
async function createSite(server: RedisServer): Promise<LockSite> {
  const recorder = await startRedis()
  const place = { url: recorder.url, key: 'door' }
  return createLockSite({
    holds: await openHolds(place),
    program: new URL('./lock-worker.ts', import.meta.url).pathname,
    planOf(plan, nth): RedisLockPlan {
      return { ...plan, client: nth % 2 === 0 ? 'node-redis' : 'ioredis', storeUrl: server.url, holds: place }
    },
    crash: () => server.kill(),
    start: () => server.start(),
    async close() {
      server.resume()
      await Promise.all([server.close(), recorder.close()])
    },
  })
}
