/** The server loses what it has answered: emptied in full flight, restarted without its data, replaced by a replica that was behind. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Effect } from '@quarterjack/fault-kit/effects'
import { figure } from '@quarterjack/fault-kit/figure'
import { judge } from '@quarterjack/fault-kit/judge'
import { until } from '@quarterjack/fault-kit/poll'
import type { Worker } from '@quarterjack/fault-kit/start-worker'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { LEASE_MS, type JobPlan } from '@quarterjack/fault-kit/worker-plan'
import { expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { startReplicated } from '../servers/replica.ts'
import { startRespProxy } from './resp-proxy.ts'
import { createRedisSite, type RedisSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const JOBS: readonly JobPlan[] = [
  { name: 'tick', every: ['250ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
  { name: 'tock', every: ['300ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
  { name: 'long', workMs: [60_000, 50] },
  { name: 'task' },
]

/** Slots whose handler ran to its end more than once. */
const doubledSlots = (effects: readonly Effect[]): readonly string[] => {
  const ended = effects.filter(({ slot, ending }) => slot !== null && ending === 'returned')
  const counts = Map.groupBy(ended, ({ job, key, slot }) => `${job} ${key} ${slot}`)
  return [...counts].filter(([, all]) => all.length > 1).map(([name]) => name)
}

interface Outcome {
  readonly lostAt: number
  readonly backMs: number
}

/** Both processes work when it happens and afterwards, and each was told; fences have grown. */
async function lose(site: RedisSite, workers: readonly Worker[], happen: () => Promise<unknown>): Promise<Outcome> {
  await site.untilWorkOf(workers, 0)
  const long = await site.effectOf(await site.trigger('long'))
  await sleep(1_000)
  await happen()
  const lostAt = await site.effects.now()
  // Nobody starts for as long as a former holder may trust its lease.
  await site.untilWorkOf(workers, lostAt + LEASE_MS + 500)
  for (const worker of workers) await until(`${worker.name} was told`, () => worker.events('store.lost').length > 0)
  const effects = await site.effects.all()
  const highest = Math.max(...effects.filter(({ startedAt }) => startedAt < lostAt).map(({ fence }) => fence))
  const later = await site.effectOf(await site.trigger('task'))
  expect(later.fence).toBeGreaterThan(highest)
  // Whose run the store does not know any more is told so.
  await until('the handler was told', async () => (await site.effectOf(long.runId, ({ fence }) => fence === long.fence)).ending !== null)
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
  const first = effects.find(({ startedAt }) => startedAt > lostAt + 100)
  return { lostAt, backMs: Number(first?.startedAt) - lostAt }
}

const EMPTIED: readonly { readonly what: string; readonly happen: (server: RedisServer) => Promise<unknown> }[] = [
  { what: 'FLUSHALL', happen: (server) => server.ask('FLUSHALL') },
  {
    what: 'a restart without the data',
    async happen(server) {
      await server.kill()
      await server.start()
    },
  },
]

it.each(EMPTIED)('$what: schedules go on by themselves with their next slots, and no slot is executed twice', async ({ what, happen }) => {
  await using server = await startRedis()
  await using site = await createRedisSite(server, JOBS)
  const workers = await site.start(['a', 'b'])
  const { lostAt, backMs } = await lose(site, workers, () => happen(server))
  const { slots, effects } = await judge(site, { lostAt, repeated: 'any', serverErrors: /^LOADING$/ })
  expect(doubledSlots(effects)).toEqual([])
  expect(backMs).toBeLessThan(LEASE_MS + 3_000)
  figure(`${what} while processes work`, { 'first start afterwards ms': backMs, 'slots afterwards': slots, doubled: 0 })
})

it('an older replica takes over: what living processes saw fired is not fired again, and the ledger adds up', async () => {
  await using servers = await startReplicated()
  await using proxy = await startRespProxy(servers.primary.url)
  await using site = await createRedisSite({ ...servers.replica, url: proxy.url }, JOBS)
  const workers = await site.start(['a', 'b'], { storeUrl: proxy.url })
  await site.untilWorkOf(workers, 0)
  await servers.caughtUp()
  let keptAt = 0
  const { lostAt, backMs } = await lose(site, workers, async () => {
    await servers.promote()
    keptAt = await site.effects.now()
    await sleep(2_000)
    await servers.primary.kill()
    proxy.leadTo(servers.replica.url)
    proxy.cut()
  })
  const { slots, effects } = await judge(site, { lostAt, repeated: 'any', serverErrors: /^(?:READONLY|LOADING)$/ })
  // What was under way in what the replica had is taken for abandoned, and runs again.
  expect(doubledSlots(effects.filter(({ slot }) => Number(slot) > keptAt))).toEqual([])
  expect(doubledSlots(effects).length).toBeLessThanOrEqual(JOBS.length)
  expect(backMs).toBeLessThan(LEASE_MS + 5_000)
  figure('an older replica takes over', {
    'lost ms': lostAt - keptAt,
    'first start afterwards ms': backMs,
    slots,
    doubled: 0,
    'started while they were lost': effects.filter(({ startedAt }) => startedAt > keptAt && startedAt < lostAt).length,
  })
})
