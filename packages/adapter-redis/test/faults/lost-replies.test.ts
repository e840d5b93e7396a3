/** A line to Redis that breaks, goes deaf in one direction, or loses the replies to what was written. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { until } from '../servers/poll.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { figure } from './figure.ts'
import { judge, type Expected, type Findings } from './judge.ts'
import { loseCall } from './lose-call.ts'
import { startRespProxy, type RespProxy } from './resp-proxy.ts'
import { createSite, DURABLE, isFull, MOST_MS } from './site.ts'
import { LEASE_MS, type JobPlan } from './worker-plan.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 20_000 : 2_000
const EACH = isFull ? 30 : 5

const JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'alone', concurrency: 1 },
  { name: 'tick', every: ['100ms', '500ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
]

let server: RedisServer
beforeAll(async () => {
  server = await startRedis(DURABLE)
}, 600_000)
afterAll(() => server?.close())

/** Two busy processes behind one line, one of each client; `hurt` it, then wait until both work again, and judge. */
async function onLine(
  hurt: (proxy: RespProxy) => Promise<void>,
  expected: Expected = {},
): Promise<Findings & Record<'refused' | 'triggers' | 'leasesLost', number>> {
  await using site = await createSite(server, JOBS)
  await using proxy = await startRespProxy(server.url)
  const workers = await site.start(['a', 'b'], { storeUrl: proxy.url })
  for (const worker of workers) {
    await worker.ask({ what: 'load', job: 'task', each: 20 })
    await worker.ask({ what: 'load', job: 'alone', each: 250 })
  }
  await sleep(300)
  await hurt(proxy)
  proxy.heal()
  await site.untilWorkOf(workers, await site.effects.now())
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
  const promised = tallies.flatMap(({ acknowledged }) => acknowledged)
  const found = await judge(site, { promised, ...expected })
  return {
    ...found,
    triggers: promised.length,
    refused: tallies.reduce((sum, { refused }) => sum + refused, 0),
    leasesLost: workers.reduce((sum, worker) => sum + worker.events('lease.lost').length, 0),
  }
}

describe('a line that', () => {
  it('is cut again and again loses and doubles nothing', async () => {
    let cuts = 0
    const { slots, runs, triggers, refused } = await onLine(async (proxy) => {
      const over = performance.now() + LASTS_MS
      for (; performance.now() < over; cuts++) {
        proxy.cut()
        await sleep(150)
      }
    })
    expect(triggers).toBeGreaterThan(0)
    figure(`line cut ${cuts} times`, { slots, runs: runs.length, triggers, 'triggers refused': refused })
  })

  it.each(['replies', 'requests'] as const)(
    'swallows %s for less and for more than the lease: nothing is lost, and work goes on',
    async (direction) => {
      const { slots, runs, triggers, refused, leasesLost, repeated } = await onLine(
        async (proxy) => {
          for (const ms of [LEASE_MS / 2, LEASE_MS + 1_500]) {
            proxy.blackhole(direction)
            await sleep(ms)
            proxy.heal()
            await sleep(1_000)
          }
        },
        // What ended while the lease was lost is not known to have ended.
        { repeated: 'any' },
      )
      figure(`line that swallows ${direction}`, {
        slots,
        runs: runs.length,
        triggers,
        'triggers refused': refused,
        'leases lost': leasesLost,
        'ended, but not recorded': repeated.length,
      })
    },
  )
})

it.each(['node-redis', 'ioredis'] as const)(
  'one process behind %s and a dead line: its run is taken over, and it works again by itself',
  async (client) => {
    await using site = await createSite(server, [{ name: 'long', workMs: [60_000, 50] }, { name: 'task' }])
    await using proxy = await startRespProxy(server.url)
    const [other] = await site.start(['other'])
    other!.freeze()
    const [deaf] = await site.start(['deaf'], { storeUrl: proxy.url, client })
    const id = await site.trigger('long')
    const first = await site.effectOf(id)
    other!.thaw()
    await until('the other one works', async () => (await other!.ask({ what: 'health' })).store.reachable)
    const cutAt = await site.effects.now()
    proxy.blackhole()
    const second = await site.effectOf(id, ({ attempt }) => attempt === 2)
    expect([first.worker, second.worker]).toEqual(['deaf', 'other'])
    expect(second.startedAt - cutAt).toBeLessThan(LEASE_MS + 1_000)
    expect(second.fence).toBeGreaterThan(first.fence)
    await until('its handler was told', async () => (await site.effectOf(id)).ending !== null)
    const told = await site.effectOf(id)
    expect(told.ending).toBe('LeaseLost')
    expect(Number(told.endedAt) - cutAt).toBeLessThan(LEASE_MS + 500)

    proxy.heal()
    await other!.stop()
    const work = await site.effectOf(await site.trigger('task'))
    expect(work.worker).toBe('deaf')
    await until('its health is fine', async () => (await deaf!.ask({ what: 'health' })).store.error === null)
    await judge(site, { promised: [id, work.runId] })
    figure(`one process behind a dead line (${client})`, {
      'takeover ms': second.startedAt - cutAt,
      'told ms': Number(told.endedAt) - cutAt,
    })
  },
)

describe('replies to what was written are lost', () => {
  it(`${EACH} times of fire, settle, enqueue and renewal: each slot and each trigger runs exactly once`, async () => {
    const lost: string[] = []
    const { slots, runs, triggers, refused } = await onLine(async (proxy) => {
      for (let round = 0; round < EACH; round++) {
        for (const verb of ['schedulesFire', 'runsSettle', 'runsEnqueue', 'runsRenew'] as const) {
          await loseCall(proxy, 'reply', verb)
          lost.push(verb)
        }
      }
    })
    expect(refused).toBe(0)
    figure(`${lost.length} replies lost to fire, settle, enqueue, renew`, {
      slots,
      runs: runs.length,
      triggers,
      'triggers refused': refused,
    })
  })

  it(`${EACH} times of a claim: each run is found, given back, and starts once`, async () => {
    await using site = await createSite(server, [{ name: 'task' }])
    await using proxy = await startRespProxy(server.url)
    await site.start(['a'], { storeUrl: proxy.url })
    const promised: string[] = []
    const waits: number[] = []
    for (let round = 0; round < EACH; round++) {
      const cut = loseCall(proxy, 'reply', 'runsClaim')
      const id = await site.trigger('task')
      await cut
      const lostAt = await site.effects.now()
      waits.push((await site.effectOf(id)).startedAt - lostAt)
      promised.push(id)
    }
    const { effects } = await judge(site, { promised })
    expect(effects).toHaveLength(EACH)
    expect(Math.max(...waits)).toBeLessThan(LEASE_MS + 1_000)
    figure(`${EACH} replies lost to claim`, { 'until its run starts, most ms': Math.max(...waits) })
  })
})
