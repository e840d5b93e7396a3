/** What a health snapshot is made of: gathered by the scheduler, judged by `snapshot-health.ts`. */
import type { Freshness } from '../rollup/freshness.ts'
import type { Suspension } from '../store/records.ts'
import type { JobStats, StoreLoss } from '../store/runs.ts'

/** Everything at one moment. Instants are epoch ms of the store's clock, durations ms of the monotonic one. */
export interface HealthFacts {
  /** The store's now; while it does not answer, the process's estimate of it. */
  readonly now: number
  readonly process: ProcessFacts
  readonly store: StoreHealthFacts
  /** Live processes on this store; null while the store does not answer. */
  readonly owners: number | null
  /** In the order in which they are shown. */
  readonly jobs: readonly JobFacts[]
  readonly rollups: readonly RollupFacts[]
}

/** One rollup; `freshness` is null while the store does not answer, or does not know it yet. */
export interface RollupFacts {
  readonly rollup: string
  readonly freshness: Freshness | null
}

/** This process. */
export interface ProcessFacts {
  /** Null before `start`, and for clients. */
  readonly owner: string | null
  /** `stop` was called, and no `start` since. */
  readonly stopped: boolean
  /** Why the newest `start` failed; null once one did not. */
  readonly startError: string | null
  readonly running: number
  readonly concurrency: number
  /** Runs whose handler ignored abort past its grace, and still executes. */
  readonly stuck: readonly { readonly runId: string; readonly job: string }[]
  /** How late timers fire: the newest measurement, and the worst since the start. */
  readonly loopLagMs: { readonly last: number; readonly max: number }
  /** Settlements that the store refused as late. */
  readonly staleResults: number
  readonly listenerErrors: number
}

/** How the store answers this process. */
export interface StoreHealthFacts {
  readonly name: string
  /** The newest call was answered. */
  readonly reachable: boolean
  /** Round trips of the newest calls. */
  readonly latencyMs: readonly number[]
  /** Store clock minus this process's wall clock; null before the first answer. */
  readonly clockOffsetMs: number | null
  /** Of the newest call, when it failed. */
  readonly error: string | null
  /** Since the first failure after the last answer; 0 when the newest call was answered. */
  readonly failingForMs: number
  /** The newest loss of writes that this process was told of. */
  readonly lost: StoreLoss | null
}

/** One job: what its definition says, and what the store keeps of it. */
export interface JobFacts {
  readonly job: string
  /** The job's own, or that of `defaultStaleAfter`; null: never judged stale. */
  readonly staleAfterMs: number | null
  /** The job does not say: `staleAfterMs` is a guess from its schedules. */
  readonly isStaleAfterDefault: boolean
  readonly maxFailures: number
  /** Null: none, so that only its past tells a run that lasts too long. */
  readonly timeoutMs: number | null
  /** Resolved: the job's own, or lease + 5 s. */
  readonly misfireAfterMs: number
  /** Its pending runs may be due for long on purpose. */
  readonly rateLimited: boolean
  /** From the store's record of the job. */
  readonly suspended: Suspension | null
  /** When the store first heard of the job, as far as it is known: the earliest `createdAt` of its schedules, or this process's start; or their `start`, if that is later. */
  readonly registeredAt: number | null
  /** End of its last suspension, as far as it is known. */
  readonly resumedAt: number | null
  /** The longest of its runs that execute now, as far as it is known. */
  readonly longestRun: { readonly runId: string; readonly startedAt: number } | null
  /** Starts of the runs that execute now, in any process, as far as they are known and matter. */
  readonly executingSince: readonly number[]
  /** Static schedules that were exhausted before they had a slot, each in words. */
  readonly neverFires: readonly string[]
  /** Schedules of the definition in force, this process's own, that the store does not have: their names. */
  readonly missing: readonly string[]
  /** Slots that this process saw skipped as misfires, and the newest time it did. */
  readonly misfires: { readonly slots: number; readonly lastAt: number } | null
  /** Null while the store does not answer. */
  readonly stats: JobStats | null
}
