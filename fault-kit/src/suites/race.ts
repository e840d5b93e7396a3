/** Many processes race for the slots of many schedules that are all due at the same instants. */
import { setTimeout as sleep } from 'node:timers/promises'
import { every } from '@quarterjack/core'
import { expect, it, vi } from 'vitest'
import { figure } from '../figure.ts'
import type { Ground } from '../ground.ts'
import { judge } from '../judge.ts'
import { until } from '../poll.ts'
import { isFull, MOST_MS } from '../tier.ts'

const PROCESSES = isFull ? 20 : 8
const SCHEDULES = isFull ? 1_000 : 400
const SECONDS = isFull ? 10 : 5
const SLOTS = SCHEDULES * SECONDS

/** Tests it. The server must take connections enough. */
export function testRace(ground: Ground): void {
  vi.setConfig({ testTimeout: MOST_MS })

  it(`${PROCESSES} processes, ${SLOTS} slots: one run per slot, each executed once`, async () => {
    await using server = await ground.startServer()
    await using site = await server.createSite([{ name: 'slot', overlap: 'allow' }])
    const names = Array.from({ length: PROCESSES }, (_, n) => `racer-${n}`)
    const racers = await site.start(names, { leaseMs: 30_000 })
    const start = Math.ceil((await site.store.now()) / 1_000) * 1_000 + 2_000
    const schedule = every('1s', { start, end: start + (SECONDS - 1) * 1_000 })
    const settings = Array.from({ length: SCHEDULES }, (_, n) => ({ key: `tenant-${n}`, schedule }))
    await site.scheduler.schedules.setMany(site.job('slot'), settings)
    const left = async (): Promise<number> => (await site.look.schedules()).filter(({ nextSlot }) => nextSlot !== null).length
    await until('the beginning', async () => (await site.store.now()) > start)
    await sleep((SECONDS - 1) * 1_000)
    // With many processes on few cores it takes its time.
    while ((await left()) > 0) await sleep(500)

    const { slots, runs, effects } = await judge(site)
    expect(slots).toBe(SLOTS)
    expect(runs).toHaveLength(SLOTS)
    expect(effects).toHaveLength(SLOTS)
    const shares = names.map((name) => effects.filter(({ worker }) => worker === name).length)
    expect(shares.filter((share) => share > 0).length).toBeGreaterThan(PROCESSES / 2)
    expect(racers.flatMap((racer) => racer.events('lease.lost'))).toEqual([])
    const lateness = effects.map(({ startedAt, slot }) => startedAt - Number(slot)).toSorted((a, b) => a - b)
    const percentile = (part: number): number => lateness[Math.ceil(lateness.length * part) - 1] ?? 0
    figure(`${PROCESSES} processes, ${SLOTS} slots`, {
      doubled: 0,
      lost: SLOTS - slots,
      'smallest share': Math.min(...shares),
      'largest share': Math.max(...shares),
      'lateness p50 ms': percentile(0.5),
      'p99 ms': percentile(0.99),
    })
  })
}
