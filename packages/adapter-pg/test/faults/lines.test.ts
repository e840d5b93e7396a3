/** A line to Postgres that breaks, drags, goes deaf in one direction, or loses the replies to what was committed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startCutProxy, type CutProxy } from '../servers/cut-proxy.ts'
import { until } from '../servers/poll.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { figure } from './figure.ts'
import { judge, type Expected, type Findings } from './judge.ts'
import { createSite, isFull, MOST_MS, type Site } from './site.ts'
import { loseCall } from './lose-call.ts'
import type { Worker } from './start-worker.ts'
import { LEASE_MS, type JobPlan } from './worker-plan.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 20_000 : 2_000

const JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'alone', concurrency: 1 },
  { name: 'tick', every: ['100ms', '500ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
]

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ durable: true })
}, 600_000)
afterAll(() => server?.close())

interface Line {
  readonly site: Site
  readonly proxy: CutProxy
  readonly workers: readonly Worker[]
}

/** Two busy processes behind one line; `hurt` it, then wait until both work again, and judge. */
async function onLine(
  hurt: (line: Line) => Promise<void>,
  expected: Expected = {},
): Promise<Findings & Record<'refused' | 'triggers' | 'leasesLost', number>> {
  await using site = await createSite(server, JOBS)
  await using proxy = await startCutProxy(site.url)
  const workers = await site.start(['a', 'b'], { storeUrl: proxy.url })
  for (const worker of workers) {
    await worker.ask({ what: 'load', job: 'task', each: 20 })
    await worker.ask({ what: 'load', job: 'alone', each: 250 })
  }
  await sleep(300)
  await hurt({ site, proxy, workers })
  proxy.heal()
  const healedAt = await site.effects.now()
  for (const { name } of workers) {
    await until(`work of ${name}`, async () =>
      (await site.effects.all()).some(({ worker, startedAt }) => worker === name && startedAt > healedAt),
    )
  }
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
    const { slots, runs, triggers, refused } = await onLine(async ({ proxy }) => {
      const over = performance.now() + LASTS_MS
      for (; performance.now() < over; cuts++) {
        proxy.cut(cuts % 4 === 0 ? 'all' : cuts % 2 === 0 ? 'oldest' : 'newest')
        await sleep(60)
      }
    })
    expect(triggers).toBeGreaterThan(0)
    figure(`line cut ${cuts} times`, { slots, runs: runs.length, triggers, 'triggers refused': refused })
  })

  it('takes its time loses no lease', async () => {
    const { slots, runs, leasesLost, refused } = await onLine(async ({ proxy }) => {
      proxy.delay(150)
      await sleep(LASTS_MS)
      proxy.delay(300, 'replies')
      await sleep(LASTS_MS)
    })
    expect(leasesLost).toBe(0)
    expect(refused).toBe(0)
    figure('slow line, 300 and 450 ms there and back', { slots, runs: runs.length, 'leases lost': leasesLost })
  })

  it.each(['replies', 'requests'] as const)(
    'swallows %s for less and for more than the lease: nothing is lost, and work goes on',
    async (direction) => {
      const { slots, runs, triggers, refused, leasesLost, repeated } = await onLine(
        async ({ proxy }) => {
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

describe.each(['replies', 'requests', 'both'] as const)('a line that swallows %s of one process', (direction) => {
  it('its run is taken over within the lease and a second, and it works again by itself', async () => {
    await using site = await createSite(server, [{ name: 'long', workMs: [60_000, 50] }, { name: 'task' }])
    await using proxy = await startCutProxy(site.url)
    const [other] = await site.start(['other'])
    other!.freeze()
    const [deaf] = await site.start(['deaf'], { storeUrl: proxy.url })
    const id = await site.trigger('long')
    const first = await site.effectOf(id)
    other!.thaw()
    await until('the other one works', async () => (await other!.ask({ what: 'health' })).store.reachable)
    const cutAt = await site.effects.now()
    proxy.blackhole(...(direction === 'both' ? [] : [direction]))
    const second = await site.effectOf(id, ({ attempt }) => attempt === 2)
    expect([first.worker, second.worker]).toEqual(['deaf', 'other'])
    // Renewals whose replies alone are lost still prolong the lease, for as long as it is trusted.
    expect(second.startedAt - cutAt).toBeLessThan(LEASE_MS + 1_000 + (direction === 'replies' ? LEASE_MS : 0))
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
    figure(`one process behind a line that swallows ${direction}`, { 'takeover ms': second.startedAt - cutAt })
  })
})

describe('replies to what was committed are lost', () => {
  const EACH = isFull ? 30 : 5

  it(`${EACH} times of fire, settle, enqueue and renewal: each slot and each trigger runs exactly once`, async () => {
    const lost: string[] = []
    const { slots, runs, triggers, refused } = await onLine(async ({ proxy }) => {
      for (let round = 0; round < EACH; round++) {
        for (const fn of ['schedules_fire', 'runs_settle', 'runs_enqueue', 'runs_renew'] as const) {
          await loseCall(proxy, 'reply', fn)
          lost.push(fn)
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
    await using proxy = await startCutProxy(site.url)
    await site.start(['a'], { storeUrl: proxy.url })
    const promised: string[] = []
    const waits: number[] = []
    for (let round = 0; round < EACH; round++) {
      const cut = loseCall(proxy, 'reply', 'runs_claim')
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
