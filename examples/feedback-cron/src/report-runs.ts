/** Turns the scheduler's events into the log lines that operators know. */
import type { Job, Scheduler } from '@quarterjack/core'
import { failureLine, type LineLog, nextRunLine, retryLine, skipLine, successLines } from './log-lines.ts'

/** Reports the runs of `job`: how each attempt ended, and when the next run is. */
export function reportRuns(scheduler: Scheduler, job: Job<undefined, unknown>, log: LineLog): void {
  const reportNext = async (): Promise<void> => {
    const [next] = await scheduler.preview(job, { count: 1 })
    if (next !== undefined) log.info(nextRunLine(next.slot))
  }

  scheduler.on('run.succeeded', ({ result }) => {
    for (const line of successLines(result)) log.info(line)
    void reportNext()
  })
  scheduler.on('run.skipped', ({ reason }) => {
    log.info(skipLine(reason))
    void reportNext()
  })
  scheduler.on('run.retrying', ({ attempt, error, retryAt }) => log.warn(retryLine(attempt, error.message, retryAt)))
  scheduler.on('run.dead', ({ error, reason }) => {
    log.error(failureLine(error?.message ?? reason))
    void reportNext()
  })
}
