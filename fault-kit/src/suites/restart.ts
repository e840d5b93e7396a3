/** The server goes away at once, as after a crash, and comes back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { until } from '../poll.ts'
import type { Site } from '../site.ts'
import { isFull, MOST_MS } from '../tier.ts'
import { LEASE_MS } from '../worker-plan.ts'

const OUTAGE_MS = isFull ? 25_000 : 6_000

/** Tests it. */
export function testRestart(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })
  const mayAnswer = ground.errorsOnReturn === undefined ? {} : { serverErrors: ground.errorsOnReturn }

  it(`${ground.name} is away for ${OUTAGE_MS / 1_000} s: the processes stay, no slot is lost or doubled, and overdue ones are caught up with by policy`, async () => {
    await using server = await ground.startServer()
    await using site = await server.createSite([
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
    await server.crash()
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
    const { slots, effects, repeated } = await judge(site, { promised, repeated: 'any', ...mayAnswer })
    // Only what ended when the server went, so that nobody could be told.
    expect(repeated.filter(({ endedAt }) => Number(endedAt) < awayAt - 500 || Number(endedAt) > backAt + 500)).toEqual([])
    const starts = effects.map(({ startedAt }) => startedAt).filter((at) => at > backAt)
    const backMs = Math.min(...starts) - backAt
    expect(backMs).toBeLessThan(6_000)
    // The run whose handler was told of the end of trust: its lease had ended before the server came back.
    const again = effects.find(({ runId, startedAt }) => runId === during && startedAt > backAt)
    expect(again?.fence).toBeGreaterThan(Number(effects.find(({ runId }) => runId === during)?.fence))
    expect(Number(again?.startedAt) - backAt).toBeLessThan(6_000 + LEASE_MS + 1_000)

    const [latest, none, all] = [await missed(site, 'latest'), await missed(site, 'none'), await missed(site, 'all')]
    const owed = outageMs / 500
    expect(all).toBe(0)
    // What became due within `misfireAfter` of the return is not missed.
    expect(none).toBeGreaterThanOrEqual(owed - 3)
    expect(latest).toBeGreaterThanOrEqual(owed - 4)
    const ran = (job: string): number => new Set(effects.filter((one) => one.job === job).map(({ slot }) => slot)).size
    expect(ran('all') - ran('none')).toBeGreaterThanOrEqual(owed - 3)
    figure(`${ground.name} away for ${Math.round(outageMs / 100) / 10} s`, {
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
}

/** How many slots of a job were too old to be run when the server was back. */
async function missed({ look }: Site, job: string): Promise<number> {
  const entries = await look.entries()
  const ofJob = (await look.schedules()).filter((schedule) => schedule.job === job).flatMap(({ id }) => entries.get(id) ?? [])
  return ofJob.filter(({ skipped }) => skipped === 'misfire').reduce((sum, { count }) => sum + count, 0)
}
