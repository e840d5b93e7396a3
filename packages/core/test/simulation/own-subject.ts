/** This package's own engine, as a subject of simulation. */
import { NonRetryableError } from '../../src/errors/run-errors.ts'
import { RetryAfterError } from '../../src/job/retry-after-error.ts'
import { auditSchedules } from '../../src/health/audit.ts'
import { defineJob } from '../../src/job/define-job.ts'
import { createMutex } from '../../src/lease/mutex.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { at } from '../../src/schedule/at.ts'
import { cron } from '../../src/schedule/cron.ts'
import { every } from '../../src/schedule/every.ts'
import { createScheduler } from '../../src/scheduler/create-scheduler.ts'
import type { Subject } from './subject.ts'

export const ownSubject: Subject = {
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
}
