/** Tells once per job that what its handler gave could not be kept whole. */
import type { Logger } from '../observe/logger.ts'
import { describe } from './run-events.ts'
import type { Execution } from './holdings.ts'

/** `what` begins with `result` or `progress`, and says what of it is lost. */
export type ReportLoss = (execution: Execution, what: string) => void

/** A run is never failed for it, so that a line in the log is all there is; one per job, for the next run most likely does the same. */
export function createLossLog(logger: Logger): ReportLoss {
  const told = new Set<string>()
  return (execution, what) => {
    const { job, id: runId } = execution.record
    if (told.has(job)) return
    told.add(job)
    logger.warn(
      { job, runId },
      `${describe(execution)}: its ${what}. Give something that JSON can keep, within the limit. (Said once per job.)`,
    )
  }
}
