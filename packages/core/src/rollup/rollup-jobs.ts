/** The jobs behind a rollup: one refreshes what is due or changed, the other works on backfills. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { resolvePolicy } from '../job/define-job.ts'
import type { BoundSchedule, JobPolicy, RunContext } from '../job/job.ts'
import type { Rollup } from './rollup.ts'
import { BACKFILL_PRIORITY, backfillJob, readBackfillPayload } from './rollup-run.ts'
import { definitionOf } from './stored-rollup.ts'
import { windowSchedule } from './window-schedule.ts'

/** What the runs of a rollup's jobs do. */
export interface RollupHandlers {
  refresh(rollup: Rollup, ctx: RunContext): Promise<unknown>
  backfill(rollup: Rollup, ctx: RunContext): Promise<unknown>
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

/** What a rollup's job is scheduled by: a slot at the end of each window, and the user's own. All under one key, which keeps its runs apart. */
export function rollupSchedules({ policy }: Rollup): readonly BoundSchedule[] {
  return [
    { name: '#windows', key: '', schedule: windowSchedule(policy.windows, policy.planning) },
    ...policy.schedules.map((bound) => ({ ...bound, key: '' })),
  ]
}

/** Whether a rollup is stale is told by its windows, not by when its job last had something to do. */
const NEVER_MS = Number.MAX_SAFE_INTEGER

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
      schedules: rollupSchedules(rollup),
      health: { ...refreshing.health, staleAfterMs: NEVER_MS },
      revision: definitionOf(rollup, 0).hash,
    }),
    Object.freeze({ ...filling, retry: policy.retry }),
  ]
}
