/** The engine under simulation: this package's own, or a mutant of it. */
import { pathToFileURL } from 'node:url'
import type { auditSchedules } from '../../src/health/audit.ts'
import type { defineJob } from '../../src/job/define-job.ts'
import type { createMutex } from '../../src/lease/mutex.ts'
import type { memoryStore } from '../../src/memory/memory-store.ts'
import type { createScheduler } from '../../src/scheduler/create-scheduler.ts'
import type { at } from '../../src/schedule/at.ts'
import type { cron } from '../../src/schedule/cron.ts'
import type { every } from '../../src/schedule/every.ts'
import type { NonRetryableError } from '../../src/errors/run-errors.ts'
import type { RetryAfterError } from '../../src/job/retry-after-error.ts'

export interface Subject {
  readonly createScheduler: typeof createScheduler
  readonly memoryStore: typeof memoryStore
  readonly auditSchedules: typeof auditSchedules
  readonly createMutex: typeof createMutex
  readonly defineJob: typeof defineJob
  readonly every: typeof every
  readonly cron: typeof cron
  readonly at: typeof at
  readonly NonRetryableError: typeof NonRetryableError
  readonly RetryAfterError: typeof RetryAfterError
}

/** Loads the engine from the folder `root`, which is laid out as `packages/core/src`. */
export async function loadSubject(root: string): Promise<Subject> {
  const load = (path: string): Promise<Record<string, never>> => import(pathToFileURL(`${root}/${path}`).href)
  const { createScheduler } = await load('scheduler/create-scheduler.ts')
  const { memoryStore } = await load('memory/memory-store.ts')
  const { auditSchedules } = await load('health/audit.ts')
  const { createMutex } = await load('lease/mutex.ts')
  const { defineJob } = await load('job/define-job.ts')
  const { every } = await load('schedule/every.ts')
  const { cron } = await load('schedule/cron.ts')
  const { at } = await load('schedule/at.ts')
  const { NonRetryableError } = await load('errors/run-errors.ts')
  const { RetryAfterError } = await load('job/retry-after-error.ts')
  return {
    createScheduler,
    memoryStore,
    auditSchedules,
    createMutex,
    defineJob,
    every,
    cron,
    at,
    NonRetryableError,
    RetryAfterError,
  } as unknown as Subject
}
