/** Every metric that `collectMetrics` makes: the one place of their names, and what `docs/monitoring` is checked against. */

/** One metric. Names follow Prometheus: base units, `_total` for counters. */
export interface MetricDescription {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

/** What is counted as it happens. */
export type EventMetric =
  | 'runs'
  | 'duration'
  | 'lateness'
  | 'deadLetters'
  | 'skippedSlots'
  | 'staleResults'
  | 'leaseLosses'
  | 'storeFailures'
  | 'storeLosses'
  | 'listenerFailures'

/** What is looked at. */
export type SnapshotMetric =
  | 'healthy'
  | 'jobHealthy'
  | 'jobSuspended'
  | 'queueDepth'
  | 'oldestDue'
  | 'consecutiveFailures'
  | 'lastSuccess'
  | 'owners'
  | 'permits'
  | 'permitsTaken'
  | 'stuckRuns'
  | 'loopLag'
  | 'storeReachable'
  | 'storeLatency'
  | 'clockOffset'
  | 'rollupLag'
  | 'rollupDirtyAge'
  | 'rollupOnTarget'
  | 'rollupDirty'
  | 'rollupFailed'
  | 'rollupSuspect'
  | 'rollupSealed'

/** What is asked for beside the snapshot, where there are rollups. */
export type BackfillMetric = 'backfillShare'

const describe = (kind: MetricDescription['kind'], name: string, help: string, labels: readonly string[] = []): MetricDescription => ({
  name: `quarterjack_${name}`,
  kind,
  help,
  labels,
})

/** Of this process, from events. */
export const EVENT_METRICS: Readonly<Record<EventMetric, MetricDescription>> = {
  runs: describe('counter', 'runs_total', 'Attempts that ended in this process, by outcome.', ['job', 'outcome']),
  duration: describe('histogram', 'run_duration_seconds', 'How long attempts took that succeeded or failed.', ['job', 'outcome']),
  lateness: describe('histogram', 'run_lateness_seconds', 'Start of an attempt minus its due instant.', ['job']),
  deadLetters: describe('counter', 'dead_letters_total', 'Runs that died in this process.', ['job']),
  skippedSlots: describe('counter', 'slots_skipped_total', 'Slots skipped when schedules fired, those counted at once.', ['job', 'reason']),
  staleResults: describe('counter', 'stale_results_total', 'Late results that the store refused.', ['job']),
  leaseLosses: describe('counter', 'lease_losses_total', 'Times this process lost its lease or could not confirm it.'),
  storeFailures: describe('counter', 'store_failures_total', 'Store calls that failed or timed out.', ['verb']),
  storeLosses: describe('counter', 'store_losses_total', 'Times the store lost writes that it had answered.'),
  listenerFailures: describe('counter', 'listener_failures_total', 'Failures of event listeners that were reported.'),
}

/** Of the whole system, from the health snapshot. */
export const SNAPSHOT_METRICS: Readonly<Record<SnapshotMetric, MetricDescription>> = {
  healthy: describe('gauge', 'healthy', '1 where /health answers 200, else 0.'),
  jobHealthy: describe('gauge', 'job_healthy', '1 where /health/:job answers 200, else 0.', ['job']),
  jobSuspended: describe('gauge', 'job_suspended', '1 while the job is suspended.', ['job']),
  queueDepth: describe('gauge', 'queue_depth', 'Runs that are pending, waiting at a gate, or running.', ['job', 'state']),
  oldestDue: describe('gauge', 'oldest_due_seconds', 'How long the most overdue slot or run has been due; 0 when none is.', ['job']),
  consecutiveFailures: describe('gauge', 'consecutive_failures', 'Dead runs in a row.', ['job']),
  lastSuccess: describe('gauge', 'last_success_timestamp_seconds', 'End of the last success; no series before the first.', ['job']),
  owners: describe('gauge', 'owners', 'Live processes on this store.'),
  permits: describe('gauge', 'permits', 'Runs that this process may execute at a time.'),
  permitsTaken: describe('gauge', 'permits_taken', 'Runs that execute in this process.'),
  stuckRuns: describe('gauge', 'stuck_runs', 'Runs of this process whose handler ignores abort.'),
  loopLag: describe('gauge', 'loop_lag_seconds', 'How late timers fire in this process, when last measured.'),
  storeReachable: describe('gauge', 'store_reachable', '1 while the store answers.'),
  storeLatency: describe('gauge', 'store_latency_seconds', 'Newest round trips to the store.', ['quantile']),
  clockOffset: describe('gauge', 'store_clock_offset_seconds', "The store's clock minus this process's."),
  rollupLag: describe('gauge', 'rollup_lag_seconds', 'How long the oldest missing window has been due; 0 when none is.', ['rollup']),
  rollupDirtyAge: describe('gauge', 'rollup_dirty_age_seconds', 'How long the oldest change has waited to be refreshed.', ['rollup']),
  rollupOnTarget: describe('gauge', 'rollup_on_target', '1 while both are within the targetLag of the rollup.', ['rollup']),
  rollupDirty: describe('gauge', 'rollup_dirty_windows', 'Windows with changes that no refresh has seen.', ['rollup']),
  rollupFailed: describe('gauge', 'rollup_failed_windows', 'Windows whose last refresh failed.', ['rollup']),
  rollupSuspect: describe('gauge', 'rollup_suspect_windows', 'Windows whose source looked wrong, and that were left alone.', ['rollup']),
  rollupSealed: describe('gauge', 'rollup_sealed_marks', 'Marks that came after allowedLateness, since its definition.', ['rollup']),
}

/** Of the whole system, from the store. */
export const BACKFILL_METRICS: Readonly<Record<BackfillMetric, MetricDescription>> = {
  backfillShare: describe('gauge', 'rollup_backfill_share', 'How far its running backfills are, 0 to 1; no series without.', ['rollup']),
}

/** All of them. */
export const METRICS: readonly MetricDescription[] = [
  ...Object.values(EVENT_METRICS),
  ...Object.values(SNAPSHOT_METRICS),
  ...Object.values(BACKFILL_METRICS),
]
