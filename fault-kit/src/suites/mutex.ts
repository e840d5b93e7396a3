/** The mutex between real processes: one at a time, in turn, past a holder that is killed or frozen, and a server that goes away. */
import { expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import { expectExclusive, LOCK_LEASE_MS, type LockSite } from '../lock-site.ts'
import { until } from '../poll.ts'
import { signal } from '../signal.ts'

/** Tests it, each time on a fresh site. */
export function testMutex(createSite: () => Promise<LockSite>): void {
  vi.setConfig({ testTimeout: 120_000 })

  it('four processes hold it one at a time and in turn, and fences grow', async () => {
    await using site = await createSite()
    const { holds } = site
    const names = ['a', 'b', 'c', 'd']
    const processes = await Promise.all(names.map((name) => site.launch(name)))
    await site.untilTurns(names, 3)
    const before = (await holds.all()).length
    await site.untilTurns(names, 10)
    const fair = (await holds.all()).slice(before)
    await site.end(...processes)
    const all = await holds.all()
    expectExclusive(all)
    // First come, first served: who lets go stands behind the three others.
    const repeats = fair.filter(({ holder }, index) =>
      fair.slice(Math.max(0, index - 2), index).some((one) => one.holder === holder),
    ).length
    expect(repeats / fair.length).toBeLessThan(0.1)
    const waits = fair.slice(1).map(({ from }, index) => from - Number(fair[index]?.to))
    figure('a mutex between four processes', {
      turns: all.length,
      'out of turn': repeats,
      'most ms between two holders': Math.max(...waits),
    })
  })

  it('a holder that is killed is passed over within its lease and a second; one that froze is told, and its late write kept out', async () => {
    await using site = await createSite()
    const { holds } = site
    const [victim, frozen, steady] = [await site.launch('victim'), await site.launch('frozen'), await site.launch('steady')]
    await site.untilTurns(['victim', 'frozen', 'steady'], 2)
    const takeovers: number[] = []
    const untilPassed = async (fence: number): Promise<void> => {
      const sufferedAt = performance.now()
      await until('another holds it', async () => (await holds.all()).some((one) => one.fence > fence))
      takeovers.push(performance.now() - sufferedAt)
    }

    const killed = await site.holding('victim')
    signal(victim.pid as number, 'SIGKILL')
    await untilPassed(killed)
    const stopped = await site.holding('frozen')
    signal(frozen.pid as number, 'SIGSTOP')
    await untilPassed(stopped)
    signal(frozen.pid as number, 'SIGCONT')
    await until('the frozen one has let go', async () => (await holds.all()).find(({ fence }) => fence === stopped)?.to != null)

    // Both work again: the frozen one by itself, the killed one when it is started anew.
    const again = await site.launch('victim')
    await site.untilTurns(['victim', 'frozen', 'steady'], 3)
    await site.end(again, frozen, steady)
    const all = await holds.all()
    expectExclusive(all)
    expect(all.filter(({ to }) => to === null).map(({ fence }) => fence)).toEqual([killed])
    expect(all.find(({ fence }) => fence === stopped)).toMatchObject({ told: true, wrote: false })
    expect(Math.max(...takeovers)).toBeLessThan(LOCK_LEASE_MS + 1_000)
    figure('a mutex whose holder is killed, frozen', {
      'taken over after ms': Math.round(takeovers[0] ?? 0),
      'and ms': Math.round(takeovers[1] ?? 0),
    })
  })

  it('the same processes go on when the server was away', async () => {
    await using site = await createSite()
    const { holds } = site
    const processes = [await site.launch('a'), await site.launch('b')]
    await site.untilTurns(['a', 'b'], 2)
    const fence = (await holds.all()).at(-1)?.fence ?? 0
    await site.crash()
    await site.start()
    await site.untilTurns(['a', 'b'], 2)
    await site.end(...processes)
    const all = await holds.all()
    expectExclusive(all)
    expect(all.at(-1)?.fence).toBeGreaterThan(fence)
  })
}
