/** The health snapshot: a stable JSON shape. Documented in `docs/health.md`. */

/** From well to worse, and the two states that are meant: see `docs/health.md`. */
export type HealthStatus = 'ok' | 'degraded' | 'unhealthy' | 'suspended' | 'stopped'

/** Milliseconds; null when nothing was measured yet. */
export interface Percentiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** One job. Instants are ISO 8601 on the store's clock, durations milliseconds. */
export interface JobHealth {
  /** Its name. */
  readonly job: string
  /** The worst finding of this job; `docs/health.md` has the rules. */
  readonly status: HealthStatus
  /** Why it is not `ok`, in words; empty when it is. */
  readonly why: readonly string[]
  /** Runs that execute, in all processes. */
  readonly running: number
  /** Runs that are due, or due later. */
  readonly pending: number
  /** Runs that wait at a gate: concurrency, overlap, mutex. */
  readonly waiting: number
  /** The newest run, or null. */
  readonly lastRun: { readonly runId: string; readonly state: string; readonly at: string } | null
  /** The newest run that succeeded, or that its handler skipped; or null. */
  readonly lastSuccess: { readonly runId: string; readonly at: string } | null
  /** The newest dead run, or null. */
  readonly lastFailure: {
    readonly runId: string
    readonly at: string
    readonly error: { readonly name: string; readonly message: string } | null
  } | null
  /** Dead runs in a row. */
  readonly consecutiveFailures: number
  /** The earliest slot to come, suspended schedules left out. */
  readonly nextSlot: string | null
  /** How long the most overdue slot or run has been due; 0 when nothing is. */
  readonly overdueMs: number
  /** Start minus due instant, over the newest attempts, at most 100. */
  readonly latenessMs: Percentiles
  /** Over those of them that succeeded, failed or timed out. */
  readonly durationMs: Percentiles
  /** 0 to 1 over the recent attempts; null without any. */
  readonly successRate: number | null
  /** The age of the last success from which on the job is stale; null: none. */
  readonly staleAfterMs: number | null
  /** Since when and why; null when it is not. */
  readonly suspended: { readonly at: string; readonly reason: string } | null
  /** Live processes that know the job. */
  readonly capableOwners: number
}

/** One rollup. Instants are ISO 8601 on the store's clock, durations milliseconds. */
export interface RollupHealth {
  /** Its name, which is the name of the job that refreshes it, too. */
  readonly rollup: string
  /** `degraded` when it is late, `unhealthy` when it is stale: see `freshness`. */
  readonly status: HealthStatus
  /** `late` after `warnAfter`, or when something needs a look; `stale` after `errorAfter`; null while the store does not answer. */
  readonly freshness: 'ok' | 'late' | 'stale' | null
  /** Why it is not `ok`, worst first; empty when it is. */
  readonly why: readonly string[]
  /** Every window that ends at or before it was refreshed once after it fell due; what changed later shows in `dirtyMs`. */
  readonly watermark: string | null
  /** Where the watermark should be. */
  readonly dueThrough: string | null
  /** How long the oldest window that is missing has been due; 0: none is. */
  readonly lagMs: number
  /** How long the oldest change that no refresh has seen has been waiting; 0: none is. */
  readonly dirtyMs: number
  /** Both are within `targetLag`. */
  readonly isOnTarget: boolean
  /** Windows with changes that no refresh has seen. Of this and the next three, Postgres counts 10,000 at most. */
  readonly dirty: number
  /** Windows that a run refreshes just now. */
  readonly held: number
  /** Windows whose last refresh failed, to be tried again or given up. */
  readonly failed: number
  /** Windows whose source looked wrong, and whose rows were left as they were. */
  readonly suspect: number
  /** Marks of late data that were counted, not refreshed. */
  readonly sealed: number
  /** How long marks are gathered just now, what a window takes, how many are refreshed at a time. */
  readonly pace: { readonly waitMs: number; readonly maxWaitMs: number; readonly windowMs: number | null; readonly batch: number } | null
}

/** Version 1. Fields are only ever added within a version. */
export interface HealthSnapshot {
  /** Version of this shape. */
  readonly version: 1
  /** When it was taken. */
  readonly at: string
  /** The worst finding of the scheduler, its jobs and its rollups; `docs/health.md` has the rules. */
  readonly status: HealthStatus
  /** Array of texts, empty if and only if the status is `ok`; at most 10 jobs are named. */
  readonly why: readonly string[]
  /** Id of this process in the store; `null` before `start` and for clients. */
  readonly owner: string | null
  /** Runs that execute in this process. */
  readonly running: number
  /** Runs that this process may execute at a time. */
  readonly concurrency: number
  /** Ids of runs whose handler ignored abort and still executes here. */
  readonly stuck: readonly string[]
  /** Live processes on this store; `null` when the store is silent. */
  readonly owners: number | null
  /** How the store answers this process; `failingForMs` counts from the first failure after the last answer, 0 when all is well. */
  readonly store: {
    readonly name: string
    readonly reachable: boolean
    readonly latencyMs: Percentiles
    /** Store clock minus this process's wall clock. */
    readonly clockOffsetMs: number | null
    readonly error: string | null
    readonly failingForMs: number
    /** The newest loss of writes that this process was told of; null when there was none. */
    readonly lost: {
      readonly at: string
      readonly everything: boolean
      readonly schedules: number | null
      readonly runs: number | null
    } | null
  }
  /** How late timers fire in this process: when last measured, and at most since the start. */
  readonly loopLagMs: { readonly last: number; readonly max: number }
  /** Settlements of this process that the store refused as late. */
  readonly staleResults: number
  /** Throws and rejections of event listeners. */
  readonly listenerErrors: number
  /** One entry per job of this scheduler; the job behind a rollup's backfills only while it has something to tell. */
  readonly jobs: readonly JobHealth[]
  /** One entry per rollup of this scheduler. */
  readonly rollups: readonly RollupHealth[]
}
