/** SIGSTOP beyond the lease, and SIGCONT. */
import { expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { until } from '../poll.ts'
import { MOST_MS } from '../tier.ts'
import { LEASE_MS } from '../worker-plan.ts'

/** Tests it. */
export function testFreeze(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })

  it('a process that wakes after its lease: its handler is told, its late result refused, and it works again as a new owner', async () => {
    await using server = await ground.startServer()
    await using site = await server.createSite([
      { name: 'heeding', workMs: [4_000, 50] },
      { name: 'careless', workMs: [1_500, 2_500], onAbort: 'returns' },
      { name: 'tick', every: ['500ms'] },
    ])
    const [other] = await site.start(['other'])
    other!.freeze()
    const [frozen] = await site.start(['frozen'])
    const ids = [await site.trigger('heeding'), await site.trigger('careless')]
    const first = await Promise.all(ids.map((id) => site.effectOf(id)))
    expect(first.map(({ worker }) => worker)).toEqual(['frozen', 'frozen'])
    const before = (await frozen!.ask({ what: 'health' })).owner
    other!.thaw()

    const frozenAt = await site.effects.now()
    frozen!.freeze()
    const second = await Promise.all(ids.map((id) => site.effectOf(id, ({ attempt }) => attempt === 2)))
    const takeoverMs = second.map(({ startedAt }) => startedAt - frozenAt)
    expect(second.map(({ worker }) => worker)).toEqual(['other', 'other'])
    expect(Math.max(...takeoverMs)).toBeLessThan(LEASE_MS + 1_000)

    const wokenAt = await site.effects.now()
    frozen!.thaw()
    await until('the refusal of the late result', () => frozen!.events('run.stale').some(({ runId }) => runId === ids[1]))
    // It came while the run was another's, and not over yet.
    expect((await site.scheduler.runs.get(ids[1]!))?.state).toBe('running')
    await until('the end of the run', async () => (await site.scheduler.runs.get(ids[1]!))?.state === 'succeeded')
    const endings = (await site.effects.all()).filter(({ fence }) => first.some((one) => one.fence === fence))
    expect(endings.map(({ job, ending }) => [job, ending]).toSorted()).toEqual([
      ['careless', 'returned'],
      ['heeding', 'LeaseLost'],
    ])
    const toldMs = endings.find(({ job }) => job === 'heeding')!.endedAt! - wokenAt
    expect(toldMs).toBeLessThan(1_000)
    expect(frozen!.events('lease.lost')).toHaveLength(1)
    expect(frozen!.events('lease.lost')[0]?.runs).toBeGreaterThanOrEqual(2)
    expect(await site.scheduler.runs.get(ids[1]!)).toMatchObject({ state: 'succeeded', attempt: 2, result: 'other' })

    await other!.stop()
    await until('slots of the one that woke', async () =>
      (await site.effects.all()).some(({ worker, job, startedAt }) => worker === 'frozen' && job === 'tick' && startedAt > wokenAt),
    )
    const health = await frozen!.ask({ what: 'health' })
    expect(health.owner).not.toBe(before)
    expect(health.staleResults).toBeGreaterThanOrEqual(1)
    expect(health.store.reachable).toBe(true)
    const { slots, repeated } = await judge(site, { repeated: 'any', promised: ids })
    // What was under way when it froze, and ended when it woke.
    expect(repeated.map(({ runId }) => runId)).toContain(ids[1])
    for (const { worker, startedAt, endedAt } of repeated) {
      expect([worker, startedAt <= frozenAt + 100, Number(endedAt) >= wokenAt]).toEqual(['frozen', true, true])
    }
    figure('SIGSTOP beyond the lease', { 'takeover ms': Math.max(...takeoverMs), 'told after waking ms': toldMs, slots })
  })
}
