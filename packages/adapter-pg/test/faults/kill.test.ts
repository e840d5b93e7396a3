/** `kill -9` in each phase of a worker's life. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startCutProxy, type CutProxy } from '../servers/cut-proxy.ts'
import { until } from '../servers/poll.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { loseCall } from './lose-call.ts'
import { createSite, MOST_MS, type Site } from './site.ts'
import { LEASE_MS } from './worker-plan.ts'

vi.setConfig({ testTimeout: MOST_MS })

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ durable: true })
}, 600_000)
afterAll(() => server?.close())

/** By the server's clock, which the effects are told by as well. */
const sinceThen = async (site: Site, kill: () => Promise<void>): Promise<number> => {
  const at = await site.effects.now()
  await kill()
  return at
}

const TAKEOVER_MS = LEASE_MS + 1_000

describe('kill -9 of a process', () => {
  it('that is idle: the others fire in time, and a new one joins in', async () => {
    await using site = await createSite(server, [{ name: 'tick', every: ['500ms'] }])
    const [idle, other] = await site.start(['idle', 'other'])
    await until('both know each other', async () => (await site.store.runs.stats({ jobs: ['tick'] })).owners === 2)
    const killedAt = await sinceThen(site, () => idle!.kill())
    await until('three more slots', async () => (await site.effects.all()).filter(({ startedAt }) => startedAt > killedAt).length >= 3)
    const late = (await site.effects.all())
      .filter(({ startedAt }) => startedAt > killedAt)
      .map(({ startedAt, slot }) => startedAt - (slot ?? 0))
    expect(Math.max(...late)).toBeLessThan(1_000)
    await site.start(['again'])
    await other!.stop()
    await until('work by the new one', async () => (await site.effects.all()).some(({ worker }) => worker === 'again'))
    const { slots } = await judge(site)
    figure('kill -9, idle', { 'lateness of the next slots ms': Math.max(...late), slots })
  })

  it('that has fired a slot and does not know it yet: another starts the run', async () => {
    await using site = await createSite(server, [{ name: 'tick', every: ['500ms'] }])
    await using proxy = await startCutProxy(site.url)
    const [victim] = await site.start(['victim'], { storeUrl: proxy.url })
    const [other] = await site.start(['other'])
    other!.freeze()
    await loseCall(proxy, 'reply', 'schedules_fire')
    const killedAt = await sinceThen(site, () => victim!.kill())
    other!.thaw()
    const [held] = await site.query<{ id: string }>(`select id from quarterjack.runs where state = 'running'`)
    const { startedAt, worker } = await site.effectOf(held!.id)
    expect(worker).toBe('other')
    expect(startedAt - killedAt).toBeLessThan(TAKEOVER_MS)
    await site.start(['again'])
    await other!.stop()
    await until('work by the new one', async () => (await site.effects.all()).some((effect) => effect.worker === 'again'))
    const { slots } = await judge(site)
    figure('kill -9, between fire and start', { 'takeover ms': startedAt - killedAt, slots })
  })

  it('in a handler: another starts the next attempt within the lease and a second, under a larger fence', async () => {
    await using site = await createSite(server, [{ name: 'task', workMs: [60_000, 50] }, { name: 'quick' }])
    const workers = await site.start(['a', 'b'])
    const id = await site.trigger('task')
    const first = await site.effectOf(id)
    const killedAt = await sinceThen(site, () => workers.find(({ name }) => name === first.worker)!.kill())
    const second = await site.effectOf(id, ({ attempt }) => attempt === 2)
    expect(second.startedAt - killedAt).toBeLessThan(TAKEOVER_MS)
    expect(second.fence).toBeGreaterThan(first.fence)
    // The one that was killed is started again, and works.
    await site.start(['again'])
    await workers.find(({ isAlive }) => isAlive)!.stop()
    expect((await site.effectOf(await site.trigger('quick'))).worker).toBe('again')
    await judge(site, { promised: [id] })
    figure('kill -9, in the handler', { 'takeover ms': second.startedAt - killedAt })
  })

  it.each([
    { at: 'request', told: 'before the settlement arrives: the run is executed once more', attempts: 2 },
    { at: 'reply', told: 'after the settlement was written: nothing is executed again', attempts: 1 },
  ] as const)('whose handler has ended, $told', async ({ at, attempts }) => {
    await using site = await createSite(server, [{ name: 'task', workMs: [100] }])
    await using proxy = await startCutProxy(site.url)
    const [victim] = await site.start(['victim'], { storeUrl: proxy.url })
    const [other] = await site.start(['other'])
    other!.freeze()
    const cut = loseCall(proxy, at, 'runs_settle')
    const id = await site.trigger('task')
    await cut
    const killedAt = await sinceThen(site, () => victim!.kill())
    other!.thaw()
    if (attempts === 2) {
      const second = await site.effectOf(id, ({ attempt }) => attempt === 2)
      expect(second).toMatchObject({ worker: 'other' })
      expect(second.startedAt - killedAt).toBeLessThan(TAKEOVER_MS)
      figure('kill -9, between handler and settlement', { 'takeover ms': second.startedAt - killedAt })
    }
    // Nobody has the run any more, nor takes it up a second time.
    await until('the end of the run', async () => (await site.scheduler.runs.get(id))?.state === 'succeeded')
    const { effects } = await judge(site, { repeated: attempts === 2 ? [id] : [], promised: [id] })
    expect(effects).toHaveLength(attempts)
  })
})

describe('kill -9 of a process that starts', () => {
  it.each([
    { step: 'while it makes the tables', cut: (proxy: CutProxy) => proxy.cutAt({ at: 'request', containing: 'create table jobs' }) },
    { step: 'as the tables are committed', cut: (proxy: CutProxy) => proxy.cutAt({ at: 'reply', containing: 'commit' }) },
    { step: 'before its first renewal', cut: (proxy: CutProxy) => loseCall(proxy, 'request', 'runs_renew') },
    { step: 'after its jobs were registered', cut: (proxy: CutProxy) => loseCall(proxy, 'reply', 'schedules_register') },
  ])('$step: the next one starts and works', async ({ step, cut }) => {
    await using site = await createSite(server, [{ name: 'tick', every: ['500ms'] }])
    await using proxy = await startCutProxy(site.url)
    const isCut = cut(proxy)
    const victim = site.launch('victim', { storeUrl: proxy.url })
    await isCut
    await victim.kill()
    const from = performance.now()
    await site.start(['next'])
    const startMs = performance.now() - from
    await until('a slot', async () => (await site.effects.all()).length >= 2)
    await judge(site)
    figure(`kill -9, ${step}`, { 'start of the next ms': startMs })
  })
})
