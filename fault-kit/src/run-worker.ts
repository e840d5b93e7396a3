/** A service of its own process: jobs whose handlers record what they did. Started by `start-worker.ts`, told by messages. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, QuarterjackError, type RunContext, type Scheduler, type SchedulerEventName } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import type { EffectLog } from './effects.ts'
import { jobOf, type PlannedJob } from './job-of.ts'
import { createTriggerLoad } from './trigger-load.ts'
import { LEASE_MS, type Ask, type Asked, type JobPlan, type Told, type WorkerPlan } from './worker-plan.ts'

const TOLD_EVENTS: readonly SchedulerEventName[] = [
  'lease.lost',
  'owner.expired',
  'run.stale',
  'run.dead',
  'store.recovered',
  'store.lost',
  'slots.skipped',
]

/** What a worker stands on. */
export interface WorkerParts {
  readonly store: Store
  readonly effects: EffectLog
  /** Ends what the store was given, after the store itself. */
  close(): void | Promise<void>
}

/** Does as it is told until SIGTERM, or until whoever started it is gone. Resolves when it works. */
export async function runWorker(plan: WorkerPlan, { store, effects, close }: WorkerParts): Promise<void> {
  const jobs = plan.jobs.map((job) => jobOf(job, (ctx) => work(ctx, job, { name: plan.name, effects })))
  const scheduler = createScheduler({
    store,
    jobs,
    lease: plan.leaseMs ?? LEASE_MS,
    storeTimeout: '1s',
    logger: false,
    concurrency: plan.concurrency ?? 10,
  })
  const load = createTriggerLoad(scheduler)
  const answer = async (ask: Ask): Promise<unknown> => {
    switch (ask.what) {
      case 'health':
        return scheduler.health()
      case 'load':
        load.begin(jobs.find(({ name }) => name === ask.job) as PlannedJob, ask.each)
        return null
      case 'ease':
        return load.ease()
    }
  }
  const stop = async (): Promise<void> => {
    await scheduler.stop({ grace: '5s' })
    await store.close()
    await Promise.all([close(), effects.close()])
  }

  process.on('message', ({ id, ask }: Asked) => {
    answer(ask).then(
      (value) => tell({ kind: 'answer', id, answer: value }),
      (error: unknown) => tell({ kind: 'failed', id, message: String(error) }),
    )
  })
  // Nobody is left to end it.
  process.on('disconnect', () => process.exit(1))
  process.on('SIGTERM', () => void stop().then(() => process.exit(0)))
  for (const name of TOLD_EVENTS) scheduler.on(name, (event) => tell({ kind: 'event', name, event }))
  await startAtLast(scheduler)
  tell({ kind: 'ready' })
}

/** A service is started again by whatever runs it when its store is away; here that is a loop. */
async function startAtLast(scheduler: Scheduler): Promise<void> {
  for (;;) {
    try {
      return await scheduler.start()
    } catch (error) {
      if (!QuarterjackError.isInstance(error, 'StoreUnavailable') && !QuarterjackError.isInstance(error, 'StoreTimedOut')) throw error
      await sleep(100)
    }
  }
}

interface Doer {
  readonly name: string
  readonly effects: EffectLog
}

async function work(ctx: RunContext, { workMs = [0], onAbort = 'stops' }: JobPlan, { name, effects }: Doer): Promise<string> {
  const { runId, fence, job, key, slot, attempt, signal } = ctx
  const effect = { runId, fence, job, key, slot: slot?.getTime() ?? null, attempt, worker: name, pid: process.pid }
  const before = await effects.start(effect)
  const ms = workMs[Math.min(before, workMs.length - 1)] ?? 0
  if (ms > 0) await sleep(ms, undefined, onAbort === 'stops' ? { signal } : {}).catch(() => undefined)
  if (onAbort === 'stops' && signal.aborted) {
    await effects.end(ctx, QuarterjackError.isInstance(signal.reason) ? signal.reason.code : 'aborted')
    throw signal.reason
  }
  await effects.end(ctx, 'returned')
  return name
}

function tell(told: Told): void {
  // Whoever started it may have ended already.
  if (process.connected) process.send?.(told, undefined, {}, () => undefined)
}
