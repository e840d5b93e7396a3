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
  readonly job: string
  readonly status: HealthStatus
  /** Why it is not `ok`, in words; empty when it is. */
  readonly why: readonly string[]
  readonly running: number
  readonly pending: number
  readonly waiting: number
  readonly lastRun: { readonly runId: string; readonly state: string; readonly at: string } | null
  readonly lastSuccess: { readonly runId: string; readonly at: string } | null
  readonly lastFailure: {
    readonly runId: string
    readonly at: string
    readonly error: { readonly name: string; readonly message: string } | null
  } | null
  readonly consecutiveFailures: number
  readonly nextSlot: string | null
  /** How long the most overdue slot or run has been due; 0 when nothing is. */
  readonly overdueMs: number
  readonly latenessMs: Percentiles
  readonly durationMs: Percentiles
  /** 0 to 1 over the recent attempts; null without any. */
  readonly successRate: number | null
  readonly staleAfterMs: number | null
  readonly suspended: { readonly at: string; readonly reason: string } | null
  readonly capableOwners: number
}

/** One rollup. Instants are ISO 8601 on the store's clock, durations milliseconds. */
export interface RollupHealth {
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
  /** Of this and the next three, Postgres counts 10,000 at most. */
  readonly dirty: number
  readonly held: number
  readonly failed: number
  readonly suspect: number
  /** Marks of late data that were counted, not refreshed. */
  readonly sealed: number
  /** How long marks are gathered just now, what a window takes, how many are refreshed at a time. */
  readonly pace: { readonly waitMs: number; readonly maxWaitMs: number; readonly windowMs: number | null; readonly batch: number } | null
}

/** Version 1. Fields are only ever added within a version. */
export interface HealthSnapshot {
  readonly version: 1
  readonly at: string
  readonly status: HealthStatus
  readonly why: readonly string[]
  readonly owner: string | null
  readonly running: number
  readonly concurrency: number
  readonly stuck: readonly string[]
  readonly owners: number | null
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
  readonly loopLagMs: { readonly last: number; readonly max: number }
  readonly staleResults: number
  readonly listenerErrors: number
  readonly jobs: readonly JobHealth[]
  readonly rollups: readonly RollupHealth[]
}
