/** Busy processes to which something happens: then all of them must work again by themselves, and the judge finds nothing. */
import { expect } from 'vitest'
import type { Effect } from './effects.ts'
import { judge, type Expected, type Findings } from './judge.ts'
import type { Site, WorkerOptions } from './site.ts'
import type { Worker } from './start-worker.ts'
import { LEASE_MS, type JobPlan } from './worker-plan.ts'

/** Who is busy, and with what. */
export interface Load {
  readonly names: readonly string[]
  readonly options?: WorkerOptions
  /** How many ms lie between the triggers of a job by each of them. */
  readonly eachMs: Readonly<Record<string, number>>
  readonly expected?: Expected
}

/** What became of it. */
export interface Outcome extends Findings {
  /** Triggers that were acknowledged, and so promised. */
  readonly triggers: number
  readonly refused: number
  readonly leasesLost: number
}

/** Jobs of a site whose connections are hurt, again and again. */
export const BUSY_JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'alone', concurrency: 1 },
  { name: 'tick', every: ['100ms', '250ms', '1s'], overlap: 'allow', catchUp: { all: true } },
]

/** Three processes with many triggers of those jobs. */
export const BUSY_LOAD: Load = { names: ['worker-a', 'worker-b', 'worker-c'], eachMs: { task: 10, alone: 250 } }

/** The longest that the end of a run may have waited to be recorded when its process lost its lease: renewals waited as well. */
const UNRECORDED_MS = 2 * LEASE_MS

/** Executed again, because its process lost its lease before the store heard of the end. */
function isExcused({ worker, endedAt }: Effect, workers: readonly Worker[]): boolean {
  const lost = workers.find(({ name }) => name === worker)?.eventTimes('lease.lost') ?? []
  return lost.some((at) => Number(endedAt) > at - UNRECORDED_MS && Number(endedAt) < at + 500)
}

/** `hurt` resolves when the worst is over. */
export async function workUnderLoad(site: Site, load: Load, hurt: (workers: readonly Worker[]) => Promise<void>): Promise<Outcome> {
  const workers = await site.start(load.names, load.options)
  for (const worker of workers) {
    for (const [job, each] of Object.entries(load.eachMs)) await worker.ask({ what: 'load', job, each })
  }
  await hurt(workers)
  await site.untilWorkOf(workers, await site.effects.now())
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  expect(workers.map(({ isAlive }) => isAlive)).toEqual(workers.map(() => true))
  const promised = tallies.flatMap(({ acknowledged }) => acknowledged)
  const found = await judge(site, { promised, repeated: 'any', ...load.expected })
  if (load.expected?.repeated === undefined) {
    expect(found.repeated.filter((effect) => !isExcused(effect, workers))).toEqual([])
  }
  return {
    ...found,
    triggers: promised.length,
    refused: tallies.reduce((sum, { refused }) => sum + refused, 0),
    leasesLost: workers.reduce((sum, worker) => sum + worker.events('lease.lost').length, 0),
  }
}
