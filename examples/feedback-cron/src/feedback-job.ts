/** The job: call the aggregation endpoint at once, then every N hours on the hour. */
import type { HttpTarget } from '@quarterjack/adapter-http'
import { defineJob, every, type Job } from '@quarterjack/core'
import { type AggregateSummary, aggregateTarget } from './aggregate-target.ts'
import type { Config } from './config.ts'
import { callLine, type LineLog } from './log-lines.ts'

export interface FeedbackJobOptions {
  readonly config: Config
  readonly log: LineLog
  /** What tests put in the place of the endpoint. */
  readonly call?: HttpTarget<undefined, AggregateSummary>
}

const HOUR_MS = 3_600_000

/** Defines `feedback-aggregate`; its result is the endpoint's summary. */
export function defineFeedbackJob({ config, log, call = aggregateTarget(config) }: FeedbackJobOptions): Job<undefined, AggregateSummary> {
  return defineJob({
    name: 'feedback-aggregate',
    // "On the hour" for whole hours; shorter intervals start on a multiple of themselves.
    schedule: every(config.everyMs, { anchor: 'registration', align: Math.min(HOUR_MS, config.everyMs) }),
    runOnStart: true,
    timeout: config.timeoutMs,
    retry: { retries: config.retries, minTimeout: config.retryDelayMs, maxTimeout: HOUR_MS },
    run: (ctx) => {
      log.info(callLine(config.apiUrl))
      return call(ctx)
    },
  })
}
