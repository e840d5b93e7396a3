/** Redis freezes for longer than a lease: connections stay open, and nothing is answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { judge } from '@quarterjack/fault-kit/judge'
import { until } from '@quarterjack/fault-kit/poll'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { LEASE_MS } from '@quarterjack/fault-kit/worker-plan'
import { expect, it, vi } from 'vitest'
import { startRedis } from '../servers/redis.ts'
import { DURABLE } from './ground.ts'
import { createRedisSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const FROZEN_MS = LEASE_MS + 2_000

it('handlers are told within the time that their lease is trusted, nothing is lost, and all go on by themselves', async () => {
  await using server = await startRedis(DURABLE)
  await using site = await createRedisSite(server, [
    { name: 'long', workMs: [60_000, 50] },
    { name: 'task' },
    { name: 'tick', every: ['250ms', '500ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
  ])
  const workers = await site.start(['a', 'b'])
  for (const worker of workers) await worker.ask({ what: 'load', job: 'task', each: 50 })
  const ids = [await site.trigger('long'), await site.trigger('long')]
  const first = await Promise.all(ids.map((id) => site.effectOf(id)))

  const frozenAt = await site.effects.now()
  server.pause()
  await sleep(FROZEN_MS)
  const told = (await site.effects.all()).filter(({ fence }) => first.some((one) => one.fence === fence))
  expect(told.map(({ ending }) => ending)).toEqual(['LeaseLost', 'LeaseLost'])
  const toldMs = Math.max(...told.map(({ endedAt }) => Number(endedAt))) - frozenAt
  // Trust runs from the start of the last renewal, so it ends before the lease can.
  expect(toldMs).toBeLessThan(LEASE_MS)
  for (const worker of workers) expect((await worker.ask({ what: 'health' })).status).toBe('unhealthy')

  server.resume()
  const backAt = await site.effects.now()
  const second = await Promise.all(ids.map((id) => site.effectOf(id, ({ attempt }) => attempt === 2)))
  const againMs = Math.max(...second.map(({ startedAt }) => startedAt)) - backAt
  await site.untilWorkOf(workers, backAt)
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  await until('a store in good health', async () => (await workers[0]!.ask({ what: 'health' })).store.error === null)
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
  const promised = [...ids, ...tallies.flatMap(({ acknowledged }) => acknowledged)]
  const { slots, repeated } = await judge(site, { promised, repeated: 'any' })
  expect(repeated.filter(({ endedAt }) => Number(endedAt) < frozenAt - 500 || Number(endedAt) > backAt + 500)).toEqual([])
  expect(againMs).toBeLessThan(LEASE_MS + 4_000)
  figure(`Redis frozen for ${FROZEN_MS / 1_000} s`, {
    'handlers told after ms': toldMs,
    'lease ms': LEASE_MS,
    'started again after its return ms': againMs,
    slots,
    triggers: promised.length,
    'triggers refused': tallies.reduce((sum, { refused }) => sum + refused, 0),
    'ended, but not recorded': repeated.length,
  })
})
