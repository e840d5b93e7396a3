/** The first ten lines of the crontab. */
import type { Job } from '@quarterjack/core'
import { aggregateDaily, aggregateHourly } from '../analytics/aggregate.ts'
import { cleanUp } from '../cleanup/clean-up.ts'
import { refreshCohorts } from '../cohorts/refresh-cohorts.ts'
import { resetCredits } from '../credits/reset-credits.ts'
import { computeFunnels } from '../funnels/compute-funnels.ts'
import { syncNewsletter } from '../newsletter/sync-newsletter.ts'
import { updateSegments } from '../segments/update-segments.ts'
import { processSequences } from '../sequences/process-sequences.ts'
import { checkExpirations } from '../subscriptions/check-expirations.ts'
import { defineWorker, type Worker } from '../worker/define-worker.ts'
import type { WorkerDeps } from '../worker/worker-deps.ts'

const WORKERS: readonly Worker<unknown>[] = [
  { name: 'reset-credits', schedule: '0 0 * * *', work: resetCredits },
  { name: 'check-expirations', schedule: '0 1 * * *', work: checkExpirations },
  { name: 'aggregate-analytics', schedule: '0 2 * * *', work: aggregateDaily },
  { name: 'sync-newsletter', schedule: '0 3 * * *', work: syncNewsletter },
  { name: 'process-sequences', schedule: '0 */6 * * *', work: processSequences },
  { name: 'update-segments', schedule: '0 4 * * *', work: updateSegments },
  { name: 'aggregate-hourly', schedule: '0 * * * *', work: aggregateHourly },
  { name: 'compute-funnels', schedule: '0 5 * * *', work: computeFunnels },
  { name: 'refresh-cohorts', schedule: '0 6 * * 1', work: refreshCohorts },
  { name: 'cleanup', schedule: '0 7 1 * *', work: cleanUp },
]

export function defineDatabaseWorkers(deps: WorkerDeps): readonly Job<undefined, unknown>[] {
  return WORKERS.map((worker) => defineWorker(worker, deps))
}
