/** The jobs behind a rollup: one refreshes what is due or changed, the other works on backfills. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { resolvePolicy } from '../job/define-job.ts'
import type { JobPolicy, RunContext } from '../job/job.ts'
import type { Rollup } from './rollup.ts'
import { BACKFILL_PRIORITY, backfillJob, readBackfillPayload } from './rollup-run.ts'
import { definitionOf } from './stored-rollup.ts'
import { windowSchedule } from './window-schedule.ts'

/** What the runs of a rollup's jobs do. */
export interface RollupHandlers {
  refresh(rollup: Rollup, ctx: RunContext): Promise<unknown>
  backfill(rollup: Rollup, ctx: RunContext): Promise<unknown>
}

/** The rollup behind a job that works on backfills; null for any other job. */
export function rollupOfBackfillJob(job: string): string | null {
  const suffix = backfillJob('')
  return job.endsWith(suffix) ? job.slice(0, -suffix.length) : null
}

/** Only what asks for backfills makes such payloads. */
const backfillPayload: StandardSchemaV1<{ backfill: string; lane: number }> = {
  '~standard': {
    version: 1,
    vendor: 'quarterjack',
    validate(value) {
      const read = readBackfillPayload(value)
      return read === null ? { issues: [{ message: 'it names no backfill: ask with scheduler.backfill()' }] } : { value: { ...read } }
    },
  },
}

/** Ordinary jobs, with all that those have: leases, retries, history, health. */
export function rollupJobs(rollup: Rollup, handlers: RollupHandlers): readonly JobPolicy[] {
  const { policy } = rollup
  const refreshing = resolvePolicy({
    name: rollup.name,
    runOnStart: policy.runOnStart,
    concurrency: policy.concurrency,
    // A slot that comes while a run ends must be looked at after it: one stands behind it.
    overlap: 'queue',
    run: (ctx) => handlers.refresh(rollup, ctx),
  })
  const filling = resolvePolicy({
    name: backfillJob(rollup.name),
    payload: backfillPayload,
    priority: BACKFILL_PRIORITY,
    run: (ctx) => handlers.backfill(rollup, ctx),
  })
  return [
    Object.freeze({
      ...refreshing,
      // Windows have retries of their own; a run that could not work at all has these.
      retry: policy.retry,
      // All under one key, which is what keeps runs of the same rollup apart.
      schedules: [
        { name: '#windows', key: '', schedule: windowSchedule(policy.windows, policy.planning) },
        ...policy.schedules.map((bound) => ({ ...bound, key: '' })),
      ],
      revision: definitionOf(rollup, 0).hash,
    }),
    Object.freeze({ ...filling, retry: policy.retry }),
  ]
}
