/** Entry `@quarterjack/core`: jobs, schedules, the scheduler, the memory store. */

// Jobs.
export { defineJob } from './job/define-job.ts'
export type {
  CatchUp,
  Job,
  JobHealthOptions,
  JobOptions,
  JobPolicy,
  KeepOptions,
  RetryOptions,
  RunContext,
  RunScheduler,
  ScheduleFor,
  SchemaInput,
  SchemaOutput,
} from './job/job.ts'
export type { DebounceOptions, RunHandle, RunTriggerOptions, TriggerArgs, TriggerItem, TriggerOptions } from './job/trigger-options.ts'
export { JOB_DEFAULTS } from './job/defaults.ts'

// Schedules.
export { cron } from './schedule/cron.ts'
export { every } from './schedule/every.ts'
export { at } from './schedule/at.ts'
export { nextSlots } from './schedule/next-slots.ts'
export type { Exclusion, ExcludedRange, Schedule, ScheduleOptions, ScheduleSpec } from './schedule/schedule.ts'

// Rollups.
export { defineRollup } from './scheduler/define-rollup.ts'
export { ROLLUP_DEFAULTS } from './rollup/defaults.ts'
export type { BackfillOptions } from './rollup/backfill-options.ts'
export type { BackfillPlan } from './rollup/plan-backfill.ts'
export type { BackfillProgress } from './rollup/backfill-progress.ts'
export type { Freshness, FreshnessStatus } from './rollup/freshness.ts'
export type { RefreshSummary } from './rollup/refresh-work.ts'
export type { Grain } from './rollup/grain.ts'
export type {
  ExamineContext,
  Finding,
  RefreshTarget,
  RestoreContext,
  RestoredRange,
  TargetContext,
  TargetCopy,
} from './rollup/refresh-target.ts'
export type {
  CommittedRefresh,
  Drift,
  FreshnessOptions,
  Refresh,
  RefreshContext,
  RefreshRequest,
  RefreshResult,
  RefreshWindow,
  Rollup,
  RollupOptions,
  Verify,
  VerifyContext,
} from './rollup/rollup.ts'
export type {
  Backfill,
  BackfillPlanView,
  BackfillView,
  MarkedTime,
  MarkOptions,
  MarkTarget,
  RestoredSnapshot,
  RollupRef,
  RollupsGroup,
  RollupSnapshot,
  VerifyReport,
  WindowView,
} from './scheduler/rollups.ts'

// The scheduler.
export { createScheduler } from './scheduler/create-scheduler.ts'
export { SCHEDULER_DEFAULTS } from './scheduler/resolve-options.ts'
export type {
  AnyJob,
  Attempt,
  JobRef,
  PreviewSlot,
  Run,
  RunFilter,
  RunsTogether,
  Scheduler,
  SchedulerOptions,
  ScheduleSetting,
  ScheduleView,
  TickSummary,
} from './scheduler/scheduler.ts'

// Stores and mutexes.
export { memoryStore } from './memory/memory-store.ts'
export type { Store } from './store/store.ts'
export { createMutex } from './lease/mutex.ts'
export type { LockContext, LockOptions, Mutex, MutexOptions } from './lease/mutex.ts'

// Health, audit, events, logging.
export type { HealthSnapshot, HealthStatus, JobHealth, Percentiles, RollupHealth } from './health/snapshot.ts'
export type { AuditReport, AuditViolation, ScheduleAudit } from './health/audit-report.ts'
export type { SchedulerEventName, SchedulerEvents } from './observe/events.ts'
export type { TraceContext } from './observe/trace-context.ts'
export type { Logger } from './observe/logger.ts'
export { consoleLogger } from './observe/console-logger.ts'

// States.
export type { AttemptOutcome, RunState, SkipReason, TriggerKind } from './run/run-state.ts'

// Errors.
export { QuarterjackError } from './errors/quarterjack-error.ts'
export { LeaseLostError, NonRetryableError, RunFailedError, StaleLeaseError } from './errors/run-errors.ts'
export { RetryAfterError } from './job/retry-after-error.ts'
export type { ErrorCode } from './errors/error-code.ts'
export type { StoredError } from './errors/stored-error.ts'

// Time.
export type { Clock, TimerHandle } from './time/clock.ts'
export type { Duration } from './time/duration.ts'
export type { Instant } from './time/instant.ts'
