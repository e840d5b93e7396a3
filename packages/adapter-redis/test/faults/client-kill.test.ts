/** CLIENT KILL of connections of busy processes, many times per second; and SCRIPT FLUSH beside it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { createSite, DURABLE, isFull, MOST_MS } from './site.ts'

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
  await using site = await createSite(server, [
    { name: 'task' },
    { name: 'alone', concurrency: 1 },
    { name: 'tick', every: ['100ms', '250ms', '1s'], overlap: 'allow', catchUp: { all: true } },
  ])
  const workers = await site.start(['worker-a', 'worker-b', 'worker-c'])
  for (const worker of workers) {
    await worker.ask({ what: 'load', job: 'task', each: 10 })
    await worker.ask({ what: 'load', job: 'alone', each: 250 })
  }
  let times = 0
  const over = performance.now() + LASTS_MS
  while (performance.now() < over) {
    if (await hurt(server)) times++
    await sleep(EACH_MS)
  }
  const calmAt = await site.effects.now()
  await site.untilWorkOf(workers, calmAt)
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  const promised = tallies.flatMap(({ acknowledged }) => acknowledged)
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true, true])
  const { slots, runs } = await judge(site, { promised })
  expect(times).toBeGreaterThan(LASTS_MS / 200)
  figure(`${what}, for ${LASTS_MS / 1_000} s`, {
    'times per s': (times * 1_000) / LASTS_MS,
    slots,
    runs: runs.length,
    triggers: promised.length,
    'triggers refused': tallies.reduce((sum, { refused }) => sum + refused, 0),
    'leases lost': workers.reduce((sum, worker) => sum + worker.events('lease.lost').length, 0),
  })
})
