/** The job: call the aggregation endpoint at once, then every N hours on the hour. */
import { defineJob, every, type Job } from '@quarterjack/core'
import { type AggregateSummary, callAggregate } from './call-aggregate.ts'
import type { Config } from './config.ts'
import { callLine, type LineLog } from './log-lines.ts'

export interface FeedbackJobOptions {
  readonly config: Config
  readonly log: LineLog
  /** False leaves the schedule and the start run out: the job runs when it is triggered. Default true. */
  readonly recurring?: boolean
  /** For tests. */
  readonly fetch?: typeof fetch
}

const HOUR_MS = 3_600_000

/** Defines `feedback-aggregate`; its result is the endpoint's summary. */
export function defineFeedbackJob({ config, log, recurring = true, fetch }: FeedbackJobOptions): Job<undefined, AggregateSummary> {
  return defineJob({
    name: 'feedback-aggregate',
    // "On the hour" for whole hours; shorter intervals start on a multiple of themselves.
    ...(recurring && {
      schedule: every(config.everyMs, { anchor: 'registration', align: Math.min(HOUR_MS, config.everyMs) }),
      runOnStart: true,
    }),
    timeout: config.timeoutMs,
    retry: { retries: config.retries, minTimeout: config.retryDelayMs, maxTimeout: HOUR_MS },
    run: async (ctx) => {
      log.info(callLine(config.apiUrl))
      const summary = await callAggregate(config, ctx, fetch)
      return summary ?? ctx.skip('no feedback came since the last aggregation')
    },
  })
}
