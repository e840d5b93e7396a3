/** A worker: a line of the old crontab, and a piece of work on the database. */
import { cron, defineJob, type Job } from '@quarterjack/core'
import * as z from 'zod'
import type { Queries } from '../db/queries.ts'
import { instantOf, type WorkerDeps } from './worker-deps.ts'

export interface Worker<Result> {
  readonly name: string
  /** As it stood in the crontab; in UTC. */
  readonly schedule: string
  /** Does what is due at `at`. Done again, it finds nothing more to do. */
  readonly work: (tx: Queries, at: number) => Promise<Result>
}

/** What a job answers is also what its endpoint answers: counts. */
export function defineWorker<Result>({ name, schedule, work }: Worker<Result>, deps: WorkerDeps): Job<undefined, Result> {
  return defineJob({
    ...workerPolicy(name, schedule, deps),
    run: (ctx) => deps.transact(ctx, (tx) => work(tx, instantOf(ctx, deps))),
  })
}

/** What all lines of the crontab have in common. */
export function workerPolicy(name: string, schedule: string, { isScheduled }: WorkerDeps) {
  return {
    name,
    ...(isScheduled && { schedule: cron(schedule) }),
    overlap: 'skip',
    timeout: '5m',
    retry: { retries: 2, minTimeout: '30s' },
  } as const
}

/** Of workers that delete what is old. */
export const retentionSchema = z.object({ retentionDays: z.int().min(1).max(3_650).default(30) }).prefault({})
