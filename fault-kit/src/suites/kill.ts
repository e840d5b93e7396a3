/** `kill -9` in each phase of the life of a worker that works. */
import { describe, expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { until } from '../poll.ts'
import { shareServer } from '../share-server.ts'
import type { Site } from '../site.ts'
import { MOST_MS } from '../tier.ts'
import { LEASE_MS } from '../worker-plan.ts'

const TAKEOVER_MS = LEASE_MS + 1_000

/** Tests it. */
export function testKill(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })
  const server = shareServer(ground)

  describe('kill -9 of a process', () => {
    it('that is idle: the others fire in time, and a new one joins in', async () => {
      await using site = await server().createSite([{ name: 'tick', every: ['500ms'] }])
      const [idle, other] = await site.start(['idle', 'other'])
      await until('both know each other', async () => (await site.store.runs.stats({ jobs: ['tick'] })).owners === 2)
      // A slot that it has fired and not begun would wait for its lease: it is killed when one has just been worked on.
      const before = (await site.effects.all()).length
      await until('a slot is over', async () => {
        const effects = await site.effects.all()
        return effects.length > before && effects.every(({ endedAt }) => endedAt !== null)
      })
      const killedAt = await sinceThen(site, () => idle!.kill())
      const later = async () => (await site.effects.all()).filter(({ startedAt }) => startedAt > killedAt)
      await until('three more slots', async () => (await later()).length >= 3)
      const late = Math.max(...(await later()).map(({ startedAt, slot }) => startedAt - (slot ?? 0)))
      expect(late).toBeLessThan(1_000)
      const again = await site.start(['again'])
      await other!.stop()
      await site.untilWorkOf(again, killedAt)
      const { slots } = await judge(site)
      figure('kill -9, idle', { 'lateness of the next slots ms': late, slots })
    })

    it.each(['schedulesFire', 'runsClaim'] as const)('that holds a run and does not know it yet (%s): another starts it', async (call) => {
      const isFire = call === 'schedulesFire'
      await using site = await server().createSite([isFire ? { name: 'tick', every: ['500ms'] } : { name: 'task' }])
      await using line = await site.openLine()
      const [victim] = await site.start(['victim'], { storeUrl: line.url })
      const [other] = await site.start(['other'])
      other!.freeze()
      const cut = line.loseCall('reply', call)
      if (!isFire) await site.trigger('task')
      await cut
      const killedAt = await sinceThen(site, () => victim!.kill())
      other!.thaw()
      const [held] = (await site.store.runs.find({ states: ['running'], limit: 10 })).runs
      const { startedAt, worker } = await site.effectOf(held!.id)
      expect(worker).toBe('other')
      expect(startedAt - killedAt).toBeLessThan(TAKEOVER_MS)
      if (isFire) {
        const again = await site.start(['again'])
        await other!.stop()
        await site.untilWorkOf(again, killedAt)
      }
      const { slots } = await judge(site)
      figure(`kill -9, after ${call}, before the start`, { 'takeover ms': startedAt - killedAt, slots })
    })

    it('in a handler: another starts the next attempt within the lease and a second, under a larger fence', async () => {
      await using site = await server().createSite([{ name: 'task', workMs: [60_000, 50] }, { name: 'quick' }])
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
      await using site = await server().createSite([{ name: 'task', workMs: [100] }])
      await using line = await site.openLine()
      const [victim] = await site.start(['victim'], { storeUrl: line.url })
      const [other] = await site.start(['other'])
      other!.freeze()
      const cut = line.loseCall(at, 'runsSettle')
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
}

/** By the clock that the effects are told by. */
async function sinceThen(site: Site, kill: () => Promise<void>): Promise<number> {
  const at = await site.effects.now()
  await kill()
  return at
}
