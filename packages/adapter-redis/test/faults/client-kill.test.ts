/** CLIENT KILL of connections of busy processes, many times per second; and SCRIPT FLUSH beside it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { isFull, MOST_MS } from '@quarterjack/fault-kit/tier'
import { BUSY_JOBS, BUSY_LOAD, workUnderLoad } from '@quarterjack/fault-kit/work-under-load'
import { expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { DURABLE } from './ground.ts'
import { createRedisSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 30_000 : 4_000
const EACH_MS = 30

/** Answers whether there was one. */
async function killOne(server: RedisServer): Promise<boolean> {
  const clients = String(await server.ask('CLIENT', 'LIST'))
  const ids = [...clients.matchAll(/^id=(\d+) .*? name=worker/gm)].map(([, id = '']) => id)
  const chosen = ids[Math.floor(Math.random() * ids.length)]
  return chosen !== undefined && (await server.ask('CLIENT', 'KILL', 'ID', chosen)) === 1
}

it.each([
  { what: 'connections end', hurt: killOne },
  { what: 'scripts are forgotten', hurt: async (server: RedisServer) => (await server.ask('SCRIPT', 'FLUSH')) === 'OK' },
])('$what again and again: nothing is doubled or lost, and all processes go on', async ({ what, hurt }) => {
  await using server = await startRedis(DURABLE)
  await using site = await createRedisSite(server, BUSY_JOBS)
  let times = 0
  const { slots, runs, triggers, refused, leasesLost } = await workUnderLoad(site, BUSY_LOAD, async () => {
    const over = performance.now() + LASTS_MS
    while (performance.now() < over) {
      if (await hurt(server)) times++
      await sleep(EACH_MS)
    }
  })
  expect(times).toBeGreaterThan(LASTS_MS / 200)
  figure(`${what}, for ${LASTS_MS / 1_000} s`, {
    'times per s': (times * 1_000) / LASTS_MS,
    slots,
    runs: runs.length,
    triggers,
    'triggers refused': refused,
    'leases lost': leasesLost,
  })
})
