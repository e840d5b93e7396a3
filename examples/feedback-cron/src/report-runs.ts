/** Turns the scheduler's events into the log lines that operators know. */
import type { Job, Scheduler } from '@quarterjack/core'
import { failureLine, type LineLog, nextRunLine, retryLine, skipLine, successLines } from './log-lines.ts'

/** Reports how each attempt that this process makes ended. */
export function reportRuns(scheduler: Scheduler, log: LineLog): void {
  scheduler.on('run.succeeded', ({ result }) => {
    for (const line of successLines(result)) log.info(line)
  })
  scheduler.on('run.skipped', ({ reason }) => log.info(skipLine(reason)))
  scheduler.on('run.retrying', ({ attempt, error, retryAt }) => log.warn(retryLine(attempt, error.message, retryAt)))
  scheduler.on('run.dead', ({ error, reason }) => log.error(failureLine(error?.message ?? reason)))
}

/** Says after each run when the next one of `job` is. */
export function reportNextRun(scheduler: Scheduler, job: Job<undefined, unknown>, log: LineLog): void {
  const report = async (): Promise<void> => {
    const [next] = await scheduler.preview(job, { count: 1 })
    if (next !== undefined) log.info(nextRunLine(next.slot))
  }
  for (const end of ['run.succeeded', 'run.skipped', 'run.dead'] as const) scheduler.on(end, () => void report())
}
