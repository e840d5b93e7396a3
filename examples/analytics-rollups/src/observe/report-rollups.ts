/** Turns the scheduler's events into the log lines that operators of the old scheduler know. */
import type { RefreshSummary, Rollup, Scheduler } from '@quarterjack/core'
import { COMPLETED, DEBOUNCED, type LineLog } from './log-lines.ts'

/** Reports the runs of the rollup of calculations, and failures of everything else. */
export function reportRollups(scheduler: Scheduler, calculations: Rollup, log: LineLog): void {
  scheduler.on('run.succeeded', ({ job, durationMs, result, trigger }) => {
    if (job !== calculations.name) return
    log.info(COMPLETED, { duration_ms: Math.round(durationMs), dates_processed: (result as RefreshSummary).refreshed })
    if (trigger === 'debounce') log.debug(DEBOUNCED)
  })
  scheduler.on('run.dead', ({ job, error, reason }) => log.error('run failed', { job, error: error?.message ?? reason }))
}
