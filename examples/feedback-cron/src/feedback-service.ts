/** The service: the job on a scheduler, its log, its health endpoint. */
import { createHandler, type HttpTarget } from '@quarterjack/adapter-http'
import { type Clock, createScheduler, type Job, QuarterjackError, type Scheduler } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import type { AggregateSummary } from './aggregate-target.ts'
import type { Config } from './config.ts'
import { defineFeedbackJob } from './feedback-job.ts'
import { type Listening, listen } from './listen.ts'
import { createLineLog, initialRunLine, type LineLog, startLines, toSchedulerLogger } from './log-lines.ts'
import { reportNextRun, reportRuns } from './report-runs.ts'

export interface ServiceOptions {
  /** Open, and closed by whoever opened it. Replicas share one. */
  readonly store: Store
  /** Default: standard output. */
  readonly write?: (line: string) => void
  /** What tests put in the place of the real thing. */
  readonly clock?: Clock
  readonly call?: HttpTarget<undefined, AggregateSummary>
}

export interface FeedbackService {
  readonly scheduler: Scheduler
  /** Registers the schedule, runs once at once, and serves health. Resolves with the address of the health endpoint. */
  start(): Promise<string>
  /** Lets a running call finish for up to 20 s, then closes everything but the store. */
  stop(): Promise<void>
}

/** Builds the service; nothing happens before `start()`. */
export function createFeedbackService(config: Config, options: ServiceOptions): FeedbackService {
  const { scheduler, job, log } = assemble(config, options)
  reportNextRun(scheduler, job, log)
  let endpoint: Listening | null = null

  return {
    scheduler,
    async start() {
      // Who gets as far as the loopback interface of the container may read how it is, and change nothing.
      const handler = createHandler(scheduler, { authorize: (_, { permission }) => permission === 'read', logger: false })
      endpoint = await listen(handler, { port: config.healthPort })
      for (const line of startLines(config)) log.info(line)
      log.info(initialRunLine)
      await scheduler.start()
      return endpoint.url
    },
    async stop() {
      await scheduler.stop({ grace: '20s' })
      await endpoint?.close()
    },
  }
}

/** One aggregation now, retries included, without start run or health endpoint. False when it failed. */
export async function aggregateOnce(config: Config, options: ServiceOptions): Promise<boolean> {
  const { scheduler, job } = assemble(config, options)
  await scheduler.start({ runOnStart: false })
  try {
    const run = await scheduler.trigger(job)
    await run.finished()
    return true
  } catch (error) {
    // Nothing to aggregate is no failure, and neither is a call that is going on just now.
    if (QuarterjackError.isInstance(error, 'RunSkipped')) return true
    // The log has said why.
    if (QuarterjackError.isInstance(error, 'RunFailed')) return false
    throw error
  } finally {
    await scheduler.stop()
  }
}

interface Parts {
  readonly scheduler: Scheduler
  readonly job: Job<undefined, AggregateSummary>
  readonly log: LineLog
}

function assemble(config: Config, { store, write = console.log, clock, call }: ServiceOptions): Parts {
  const log = createLineLog(write, clock?.now ?? Date.now)
  const job = defineFeedbackJob({ config, log, ...(call !== undefined && { call }) })
  const scheduler = createScheduler({
    store,
    jobs: [job],
    lease: config.leaseMs,
    logger: toSchedulerLogger(log),
    ...(clock !== undefined && { clock }),
  })
  reportRuns(scheduler, log)
  return { scheduler, job, log }
}
