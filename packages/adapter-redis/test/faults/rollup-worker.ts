/** A service of its own process that refreshes rollups. Started by `rollup-site.ts`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, type Refresh } from '@quarterjack/core'
import { LEASE_MS, type Told } from '@quarterjack/fault-kit/worker-plan'
import { redisStore } from '../../src/index.ts'
import { type ClientKind, openClient } from './open-client.ts'
import { rollupsOf, STEP_MS } from './rollups-of.ts'
import { openSums, type SumsPlace } from './sums.ts'

/** What it is told. */
export interface RollupWorkerPlan {
  readonly name: string
  readonly client: ClientKind
  readonly storeUrl: string
  readonly prefix: string
  readonly sums: SumsPlace
  readonly startAt: number
  /** How long a refresh takes between reading and writing. */
  readonly workMs: number
  /** Windows, by their numbers, whose refresh fails until each of them has failed alone, once. */
  readonly failing?: readonly number[]
}

const plan = JSON.parse(process.argv[2] ?? '') as RollupWorkerPlan
const sums = await openSums(plan.sums)
const failing = new Set((plan.failing ?? []).map((window) => plan.startAt + window * STEP_MS))
const opened = await openClient(plan.client, plan.storeUrl, plan.name)

const refresh: Refresh = async (request, { job, fence, signal }) => {
  const windows = request.windows.map(({ start, end }) => ({ start: start.getTime(), end: end.getTime() }))
  await sums.tell({ worker: plan.name, job, starts: windows.map(({ start }) => start) })
  const broken = job === 'fine' ? windows.filter(({ start }) => failing.has(start)) : []
  if (broken.length > 0) {
    if (windows.length === 1) for (const { start } of broken) failing.delete(start)
    throw new Error('This window is broken.')
  }
  const computed = await sums.recompute(windows)
  await sleep(plan.workMs, undefined, { signal })
  await sums.write(job.replace(/#.*/, ''), windows, computed, fence)
}

const scheduler = createScheduler({
  store: redisStore({ client: opened.client, prefix: plan.prefix }),
  jobs: [...rollupsOf(plan.startAt, refresh)],
  lease: LEASE_MS,
  storeTimeout: '1s',
  logger: false,
})
// Nobody is left to end it.
process.on('disconnect', () => process.exit(1))
process.on('SIGTERM', () => void stop().then(() => process.exit(0)))
await scheduler.start()
process.send?.({ kind: 'ready' } satisfies Told)

async function stop(): Promise<void> {
  await scheduler.stop({ grace: '5s' })
  await scheduler.store.close()
  opened.end()
  await sums.close()
}
