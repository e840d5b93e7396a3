/** Rollups whose processes are killed within a refresh, a drain and a backfill, and whose store does not answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { until } from '@quarterjack/fault-kit/poll'
import { isFull, MOST_MS } from '@quarterjack/fault-kit/tier'
import { LEASE_MS } from '@quarterjack/fault-kit/worker-plan'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { loseCall } from './lose-call.ts'
import { startRespProxy } from './resp-proxy.ts'
import { createRollupSite, type RollupSite, WINDOWS } from './rollup-site.ts'
import { STEP_MS } from './rollups-of.ts'
import { DURABLE } from './ground.ts'

vi.setConfig({ testTimeout: MOST_MS })

const KILLS = isFull ? 20 : 5
const EACH = isFull ? 20 : 4
const ALL = Array.from({ length: WINDOWS }, (_, window) => window)

let server: RedisServer
beforeAll(async () => {
  server = await startRedis(DURABLE)
}, 600_000)
afterAll(() => server?.close())

/** What is there when a rollup is defined is refreshed by itself; from then on only what is marked. */
async function filled(): Promise<RollupSite> {
  const site = await createRollupSite(server)
  await site.sums.add(ALL.map((window) => site.startAt + window * STEP_MS))
  const first = await site.start('first')
  await site.untilRefreshBy('first', (job) => job === 'coarse')
  await site.judge()
  await first.stop()
  return site
}

async function watermarksOf({ scheduler }: RollupSite): Promise<{ readonly fine: number; readonly coarse: number }> {
  const [fine, coarse] = await Promise.all([scheduler.rollups.state('fine'), scheduler.rollups.state('coarse')])
  return { fine: Date.parse(fine.watermark ?? ''), coarse: Date.parse(coarse.watermark ?? '') }
}

/** Runs that did not come to their end with their first attempt. */
async function triedAgain(site: RollupSite): Promise<readonly object[]> {
  return (await site.scheduler.runs.find({ limit: 500 })).filter(({ attempt }) => attempt > 1)
}

const someOf = (count: number): readonly number[] => Array.from({ length: count }, () => Math.floor(Math.random() * WINDOWS))

describe('kill -9 of a process', () => {
  it('within a refresh: another refreshes its windows when the lease ends', async () => {
    await using site = await filled()
    const victim = await site.start('victim', { workMs: 60_000 })
    await site.change([3, 4, 30])
    await site.untilRefreshBy('victim')
    await site.start('other')
    // Of a window that is held, too.
    await site.change([4, 5])
    const killedAt = performance.now()
    await victim.kill()
    await site.untilRefreshBy('other', (job) => job === 'fine')
    const takeoverMs = performance.now() - killedAt
    expect(takeoverMs).toBeLessThan(LEASE_MS + 1_500)
    const { refreshes } = await site.judge()
    figure('kill -9 within a refresh', { 'takeover ms': takeoverMs, refreshes })
  })

  it.each([
    ['request', 'windowsDrain'],
    ['reply', 'windowsDrain'],
    ['reply', 'windowsClaim'],
    ['request', 'windowsCommit'],
    ['reply', 'windowsCommit'],
  ] as const)('at the %s of %s: no mark is lost', async (at, verb) => {
    await using site = await filled()
    await using proxy = await startRespProxy(server.url)
    const victim = await site.start('victim', { storeUrl: proxy.url })
    const cut = loseCall(proxy, at, verb)
    await site.change([1, 2, 20, 59])
    await cut
    await victim.kill()
    await site.change([2, 21])
    await site.start('other')
    const { refreshes } = await site.judge()
    figure(`kill -9 at the ${at} of ${verb}`, { refreshes })
  })

  it('within a backfill: another goes on with it, and no window is left out', async () => {
    await using site = await filled()
    const victim = await site.start('victim', { workMs: 300 })
    const range = { from: new Date(site.startAt), to: new Date(site.startAt + WINDOWS * STEP_MS) }
    const before = (await site.sums.refreshes()).length
    const backfill = await site.scheduler.backfill('fine', range)
    await site.untilRefreshBy('victim', (job, count) => job === 'fine#backfill' && count >= 3)
    await site.start('other')
    await victim.kill()
    await site.change([7])
    const ended = await backfill.finished({ timeout: '30s' })
    expect(ended).toMatchObject({ state: 'finished', done: WINDOWS, failed: 0, total: WINDOWS })
    // One that is marked meanwhile is refreshed with what is due.
    const refreshed = (await site.sums.refreshes()).slice(before).filter(({ job }) => job.startsWith('fine'))
    const windows = refreshed.flatMap(({ starts }) => starts).filter((start) => start < range.to.getTime())
    expect(new Set(windows).size).toBe(WINDOWS)
    const { refreshes } = await site.judge()
    figure('kill -9 within a backfill', { refreshes, 'windows refreshed once more': windows.length - WINDOWS })
  })

  it(`${KILLS} times, wherever it just is, under marks and a backfill: every window equals a recomputation`, async () => {
    await using site = await filled()
    const workers = [await site.start('a', { workMs: 50 }), await site.start('b', { workMs: 50 })]
    const range = { from: new Date(site.startAt), to: new Date(site.startAt + WINDOWS * STEP_MS) }
    const backfill = await site.scheduler.backfill('fine', range)
    let changes = 0
    const load = new AbortController()
    const loading = (async () => {
      for (; !load.signal.aborted; changes++) {
        await site.change(someOf(3))
        await sleep(20)
      }
    })()
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(100 + Math.random() * 400)
      await workers.shift()?.kill()
      workers.push(await site.start(`w${kill}`, { workMs: 50 }))
    }
    load.abort()
    await loading
    expect(await backfill.finished({ timeout: '60s' })).toMatchObject({ state: 'finished', done: WINDOWS, failed: 0 })
    // Whoever holds a run is killed so often that it may look like poison: others come for its windows.
    const { refreshes, crashed } = await site.judge({ mayCrash: true })
    figure(`${KILLS} kills under marks and a backfill`, { changes, refreshes, 'runs given up as poison': crashed })
  })
})

describe('replies to what was written are lost', () => {
  it(`${EACH} times of mark, drain, claim and commit: every window equals a recomputation`, async () => {
    await using site = await filled()
    await using proxy = await startRespProxy(server.url)
    const workers = [await site.start('a', { storeUrl: proxy.url }), await site.start('b', { storeUrl: proxy.url })]
    const marker = await site.marker(proxy.url)
    let lost = 0
    for (let round = 0; round < EACH; round++) {
      for (const verb of ['windowsMark', 'windowsDrain', 'windowsClaim', 'windowsCommit'] as const) {
        const cut = loseCall(proxy, 'reply', verb)
        await site.change(someOf(4), marker)
        await cut
        lost++
      }
    }
    expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
    const { refreshes } = await site.judge()
    figure(`${lost} replies lost to mark, drain, claim, commit`, { refreshes })
  })

  it('of a watermark that moves over empty windows: it has moved, and goes on moving', async () => {
    await using site = await filled()
    await using proxy = await startRespProxy(server.url)
    const before = await watermarksOf(site)
    const worker = await site.start('a', { storeUrl: proxy.url })
    // A window falls due with each step, and nothing is ever marked in it.
    await loseCall(proxy, 'reply', 'windowsPass', 3 * STEP_MS)
    const moved = await watermarksOf(site)
    expect(moved).not.toEqual(before)
    await until('the watermark goes on', async () => (await watermarksOf(site)).fine > moved.fine)
    expect(worker.isAlive).toBe(true)
    expect(await triedAgain(site)).toEqual([])
    await site.change([6])
    const { refreshes } = await site.judge()
    figure('a reply lost to pass', { refreshes })
  })

  it('of a failure: it is told again, the window is put off once, and the run goes on with the rest', async () => {
    await using site = await filled()
    await using proxy = await startRespProxy(server.url)
    const worker = await site.start('a', { storeUrl: proxy.url, failing: [7] })
    const cut = loseCall(proxy, 'reply', 'windowsFail')
    await site.change([7, 8])
    await cut
    const { refreshes } = await site.judge()
    expect(worker.isAlive).toBe(true)
    expect(await triedAgain(site)).toEqual([])
    // Together, which failed; alone, which failed; the other; and once more.
    const windows = (await site.sums.refreshes()).filter((one) => one.worker === 'a' && one.job === 'fine').map(({ starts }) => starts)
    const [seven, eight] = [7, 8].map((window) => site.startAt + window * STEP_MS)
    expect(windows.filter((starts) => starts.some((start) => start === seven || start === eight))).toEqual([
      [seven, eight],
      [seven],
      [eight],
      [seven],
    ])
    figure('a reply lost to fail', { refreshes })
  })

  it('of a backfill that is made and selects its windows: it is made once, and leaves none out', async () => {
    await using site = await filled()
    await using proxy = await startRespProxy(server.url)
    await site.start('a', { storeUrl: proxy.url })
    const marker = await site.marker(proxy.url)
    const made = loseCall(proxy, 'reply', 'backfillsCreate')
    const selected = loseCall(proxy, 'reply', 'backfillsStamp')
    const range = { from: new Date(site.startAt), to: new Date(site.startAt + WINDOWS * STEP_MS) }
    const backfill = await marker.backfill('fine', range)
    await Promise.all([made, selected])
    expect(await backfill.finished({ timeout: '30s' })).toMatchObject({ state: 'finished', done: WINDOWS, failed: 0, total: WINDOWS })
    expect(await site.scheduler.rollups.backfills()).toHaveLength(1)
    const { refreshes } = await site.judge()
    figure('replies lost to a backfill', { refreshes })
  })
})
