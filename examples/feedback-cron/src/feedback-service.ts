/** The service: the job on a scheduler, its log, its health endpoint. */
import { type Clock, createScheduler, type Job, memoryStore, QuarterjackError, type Scheduler } from '@quarterjack/core'
import type { Store } from '@quarterjack/core/store'
import type { AggregateSummary } from './call-aggregate.ts'
import type { Config } from './config.ts'
import { defineFeedbackJob } from './feedback-job.ts'
import { createHealthEndpoint } from './health-endpoint.ts'
import { type Listening, listen } from './listen.ts'
import { createLineLog, initialRunLine, type LineLog, startLines, toSchedulerLogger } from './log-lines.ts'
import { reportRuns } from './report-runs.ts'

/** What tests put in the place of the real thing. */
export interface ServiceOptions {
  /** Default: standard output. */
  readonly write?: (line: string) => void
  /** Default: a memory store. Pass a shared one to run replicas. */
  readonly store?: Store
  readonly clock?: Clock
  readonly fetch?: typeof fetch
}

export interface FeedbackService {
  readonly scheduler: Scheduler
  /** Registers the schedule, runs once at once, and serves health. Resolves with the address of the health endpoint. */
  start(): Promise<string>
  /** Lets a running call finish for up to 20 s, then closes everything. */
  stop(): Promise<void>
}

/** Builds the service; nothing happens before `start()`. */
export function createFeedbackService(config: Config, options: ServiceOptions = {}): FeedbackService {
  const { scheduler, log } = assemble(config, options, true)
  let endpoint: Listening | null = null

  return {
    scheduler,
    async start() {
      endpoint = await listen(createHealthEndpoint(scheduler), { port: config.healthPort })
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

/** One aggregation now, retries included, without schedule or health endpoint. False when it failed. */
export async function aggregateOnce(config: Config, options: ServiceOptions = {}): Promise<boolean> {
  const { scheduler, job } = assemble(config, options, false)
  await scheduler.start()
  try {
    const run = await scheduler.trigger(job)
    await run.finished()
    return true
  } catch (error) {
    // Nothing to aggregate is no failure.
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

function assemble(config: Config, { write = console.log, store = memoryStore(), clock, fetch }: ServiceOptions, recurring: boolean): Parts {
  const log = createLineLog(write, clock?.now ?? Date.now)
  const job = defineFeedbackJob({ config, log, recurring, ...(fetch !== undefined && { fetch }) })
  const scheduler = createScheduler({ store, jobs: [job], logger: toSchedulerLogger(log), ...(clock !== undefined && { clock }) })
  reportRuns(scheduler, job, log)
  return { scheduler, job, log }
}
