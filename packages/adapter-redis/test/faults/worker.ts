/** A service of its own process: jobs whose handlers record what they did. Started by `start-worker.ts`, told by messages. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createScheduler, QuarterjackError, type RunContext, type SchedulerEventName } from '@quarterjack/core'
import { redisStore } from '../../src/index.ts'
import { openEffects } from './effects.ts'
import { jobOf, type PlannedJob } from './job-of.ts'
import { openClient } from './open-client.ts'
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

const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan
const effects = await openEffects(plan.record)
const opened = await openClient(plan.client, plan.storeUrl, plan.name)
const jobs = plan.jobs.map((job) => jobOf(job, (ctx) => work(ctx, job)))
const scheduler = createScheduler({
  store: redisStore({ client: opened.client, prefix: plan.prefix }),
  jobs,
  lease: plan.leaseMs ?? LEASE_MS,
  storeTimeout: '1s',
  logger: false,
  concurrency: plan.concurrency ?? 10,
})
const triggers = { acknowledged: [] as string[], refused: 0, codes: new Set<string>() }
const loads: { readonly over: AbortController; readonly done: Promise<void> }[] = []

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

await untilStarted()
tell({ kind: 'ready' })

/** A service is started again by whatever runs it when its store is away; here that is a loop. */
async function untilStarted(): Promise<void> {
  for (;;) {
    try {
      return await scheduler.start()
    } catch (error) {
      if (!QuarterjackError.isInstance(error, 'StoreUnavailable') && !QuarterjackError.isInstance(error, 'StoreTimedOut')) throw error
      await sleep(100)
    }
  }
}

async function work(ctx: RunContext, { workMs = [0], onAbort = 'stops' }: JobPlan): Promise<string> {
  const { runId, fence, job, key, slot, attempt, signal } = ctx
  const before = await effects.start({
    runId,
    fence,
    job,
    key,
    slot: slot?.getTime() ?? null,
    attempt,
    worker: plan.name,
    pid: process.pid,
  })
  const ms = workMs[Math.min(before, workMs.length - 1)] ?? 0
  if (ms > 0) await sleep(ms, undefined, onAbort === 'stops' ? { signal } : {}).catch(() => undefined)
  if (onAbort === 'stops' && signal.aborted) {
    await effects.end(ctx, QuarterjackError.isInstance(signal.reason) ? signal.reason.code : 'aborted')
    throw signal.reason
  }
  await effects.end(ctx, 'returned')
  return plan.name
}

async function answer(ask: Ask): Promise<unknown> {
  switch (ask.what) {
    case 'health':
      return scheduler.health()
    case 'load':
      loads.push(startLoad(ask.job, ask.each))
      return null
    case 'ease':
      for (const { over } of loads) over.abort()
      await Promise.all(loads.splice(0).map(({ done }) => done))
      return { ...triggers, codes: [...triggers.codes] }
    case 'stop':
      return stop().then(() => null)
  }
}

/** Calls overlap, as those of a busy service do. */
function startLoad(name: string, each: number): { readonly over: AbortController; readonly done: Promise<void> } {
  const job = jobs.find((one) => one.name === name) as PlannedJob
  const over = new AbortController()
  const calls = new Set<Promise<void>>()
  const loop = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const call = trigger(job).finally(() => calls.delete(call))
      calls.add(call)
      await sleep(each)
    }
    await Promise.all(calls)
  }
  return { over, done: loop() }
}

async function trigger(job: PlannedJob): Promise<void> {
  try {
    triggers.acknowledged.push((await scheduler.trigger(job)).id)
  } catch (error) {
    triggers.refused++
    triggers.codes.add(QuarterjackError.isInstance(error) ? error.code : String(error))
  }
}

async function stop(): Promise<void> {
  await scheduler.stop({ grace: '5s' })
  await scheduler.store.close()
  opened.end()
  await effects.close()
}

function tell(told: Told): void {
  // Whoever started it may have ended already.
  if (process.connected) process.send?.(told, undefined, {}, () => undefined)
}
