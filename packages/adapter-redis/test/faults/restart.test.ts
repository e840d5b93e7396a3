/** Redis goes away at once, as after a crash, and comes back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { until } from '../servers/poll.ts'
import { startRedis } from '../servers/redis.ts'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { createSite, DURABLE, isFull, MOST_MS } from './site.ts'
import { LEASE_MS } from './worker-plan.ts'

vi.setConfig({ testTimeout: MOST_MS })

const OUTAGE_MS = isFull ? 25_000 : 6_000

it(`Redis is away for ${OUTAGE_MS / 1_000} s: the processes stay, no slot is lost or doubled, and overdue ones are caught up with by policy`, async () => {
  await using server = await startRedis(DURABLE)
  await using site = await createSite(server, [
    { name: 'latest', every: ['500ms'], misfireAfter: '1s' },
    { name: 'none', every: ['500ms'], misfireAfter: '1s', catchUp: 'none' },
    { name: 'all', every: ['500ms'], misfireAfter: '1s', catchUp: { all: true, limit: 1_000 } },
    { name: 'task' },
    { name: 'during', workMs: [60_000, 50] },
  ])
  const workers = await site.start(['a', 'b', 'c'])
  for (const worker of workers) await worker.ask({ what: 'load', job: 'task', each: 20 })
  const during = await site.trigger('during')
  await site.effectOf(during)
  await sleep(1_000)

  const awayAt = await site.effects.now()
  await server.kill()
  await sleep(OUTAGE_MS)
  const health = await workers[0]!.ask({ what: 'health' })
  expect(health).toMatchObject({ status: 'unhealthy', store: { reachable: false } })
  await server.start()
  const backAt = await site.effects.now()
  const outageMs = backAt - awayAt
  const worksAgain = async (name: string): Promise<boolean> =>
    (await site.effects.all()).some(({ worker, startedAt }) => worker === name && startedAt > backAt)
  await Promise.all(workers.map(({ name }) => until(`work of ${name}`, () => worksAgain(name))))
  await sleep(1_500)
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true, true])
  // What was being recorded when the server went is asked again after a pause that has grown: until then health names it.
  await until('a store in good health', async () => (await workers[0]!.ask({ what: 'health' })).store.error === null)

  const promised = [during, ...tallies.flatMap(({ acknowledged }) => acknowledged)]
  const { slots, effects, repeated } = await judge(site, { promised, repeated: 'any', serverErrors: /^LOADING$/ })
  // Only what ended when the server went, so that nobody could be told.
  expect(repeated.filter(({ endedAt }) => Number(endedAt) < awayAt - 500 || Number(endedAt) > backAt + 500)).toEqual([])
  const starts = effects.map(({ startedAt }) => startedAt).filter((at) => at > backAt)
  const backMs = Math.min(...starts) - backAt
  expect(backMs).toBeLessThan(6_000)
  // The run whose handler was told of the end of trust: its lease had ended before the server came back.
  const again = effects.find(({ runId, startedAt }) => runId === during && startedAt > backAt)
  expect(again?.fence).toBeGreaterThan(Number(effects.find(({ runId }) => runId === during)?.fence))
  expect(Number(again?.startedAt) - backAt).toBeLessThan(6_000 + LEASE_MS + 1_000)

  const missed = async (job: string): Promise<number> => {
    const { skips } = await site.store.schedules.ledger({ job, name: '#0', after: null, limit: 1_000 })
    return skips.filter(({ reason }) => reason === 'misfire').reduce((sum, { count }) => sum + (count ?? 0), 0)
  }
  const [latest, none, all] = [await missed('latest'), await missed('none'), await missed('all')]
  const owed = outageMs / 500
  expect(all).toBe(0)
  // What became due within `misfireAfter` of the return is not missed.
  expect(none).toBeGreaterThanOrEqual(owed - 3)
  expect(latest).toBeGreaterThanOrEqual(owed - 4)
  const ran = (job: string): number => new Set(effects.filter((one) => one.job === job).map(({ slot }) => slot)).size
  expect(ran('all') - ran('none')).toBeGreaterThanOrEqual(owed - 3)
  figure(`Redis away for ${Math.round(outageMs / 100) / 10} s`, {
    'first start after its return ms': backMs,
    slots,
    triggers: promised.length,
    'ended, but not recorded': repeated.length,
    'triggers refused': tallies.reduce((sum, { refused }) => sum + refused, 0),
    'missed, policy latest': latest,
    'missed, policy none': none,
    'missed, policy all': all,
  })
})
