/** Two busy processes while their server takes no writes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { until } from './poll.ts'
import type { Site } from './site.ts'
import { isFull } from './tier.ts'
import { LEASE_MS, type JobPlan } from './worker-plan.ts'

const LASTS_MS = isFull ? 20_000 : LEASE_MS + 1_000

/** Jobs of a site where this happens. */
export const REFUSED_JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'tick', every: ['250ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
]

/** Why it takes none. */
export interface Refusal {
  /** For the figure. */
  readonly what: string
  /** What health says of it. */
  readonly told: RegExp
  readonly serverErrors: RegExp
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

/** On a site with {@link REFUSED_JOBS}: health says why, and both work again by themselves. Answers how many ms after the end. */
export async function refuseWrites(site: Site, { what, told, serverErrors, begin, end }: Refusal): Promise<number> {
  const workers = await site.start(['a', 'b'])
  for (const worker of workers) await worker.ask({ what: 'load', job: 'task', each: 20 })
  await sleep(500)
  await begin()
  const whys: string[] = []
  for (const worker of workers) {
    await until(`health of ${worker.name} that says why`, async () => {
      const health = await worker.ask({ what: 'health' })
      const found = health.status === 'unhealthy' ? health.why.find((one) => told.test(one)) : undefined
      if (found !== undefined) whys.push(found)
      return found !== undefined
    })
  }
  await sleep(LASTS_MS)
  await end()
  const backAt = await site.effects.now()
  await site.untilWorkOf(workers, backAt)
  const first = (await site.effects.all()).find(({ startedAt }) => startedAt > backAt)
  for (const worker of workers) {
    await until(`health of ${worker.name}`, async () => {
      const { store } = await worker.ask({ what: 'health' })
      return store.reachable && store.failingForMs === 0
    })
  }
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
  const backMs = Number(first?.startedAt) - backAt
  const promised = tallies.flatMap(({ acknowledged }) => acknowledged)
  const { slots, runs } = await judge(site, { promised, serverErrors, repeated: 'any' })
  figure(what, { 'first start afterwards ms': backMs, slots, runs: runs.length, health: JSON.stringify(whys[0]) })
  return backMs
}
