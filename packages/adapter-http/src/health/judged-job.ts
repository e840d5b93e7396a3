/** Jobs as they are judged from outside. A rollup and the job that refreshes it are one: it is as well as the worse of the two. */
import type { HealthSnapshot, HealthStatus, JobHealth, RollupHealth } from '@quarterjack/core'

/** A job, and how fresh it is if it is a rollup. */
export interface JudgedJob {
  readonly health: JobHealth
  /** Null: it is no rollup. */
  readonly rollup: RollupHealth | null
}

/** Suspended and stopped are said of both, or of neither. */
const RANKS: Readonly<Record<HealthStatus, number>> = { ok: 0, degraded: 1, unhealthy: 2, suspended: 3, stopped: 4 }

/** By name. */
export function judgeJobs({ jobs, rollups }: HealthSnapshot): ReadonlyMap<string, JudgedJob> {
  const fresh = new Map(rollups.map((rollup) => [rollup.rollup, rollup]))
  return new Map(jobs.map((job) => [job.job, judge(job, fresh.get(job.job) ?? null)]))
}

function judge(job: JobHealth, rollup: RollupHealth | null): JudgedJob {
  if (rollup === null) return { health: job, rollup }
  const status = RANKS[rollup.status] > RANKS[job.status] ? rollup.status : job.status
  return { health: { ...job, status, why: [...new Set([...job.why, ...rollup.why])] }, rollup }
}
