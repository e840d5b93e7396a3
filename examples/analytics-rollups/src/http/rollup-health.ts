/** What `GET /health/rollup` says. Pure. */
import type { HealthSnapshot } from '@quarterjack/core'
import { HOUR_MS } from '../db/time.ts'

export interface RollupHealthBody {
  readonly status: 'ok' | 'unhealthy'
  readonly running: boolean
  readonly healthy: boolean
  /** The end of the last successful run; null: there was none. */
  readonly last_run: string | null
}

export interface RollupHealthFacts {
  readonly snapshot: Pick<HealthSnapshot, 'at' | 'jobs'>
  readonly job: string
  readonly intervalHours: number
  /** When the scheduler started; epoch ms. */
  readonly startedAt: number
}

/** Unhealthy without a success for two intervals; before the first one, counted from the start. */
export function judgeRollup({ snapshot, job, intervalHours, startedAt }: RollupHealthFacts): RollupHealthBody {
  const found = snapshot.jobs.find((one) => one.job === job)
  const lastAt = found?.lastSuccess?.at ?? null
  const since = Date.parse(snapshot.at) - (lastAt === null ? startedAt : Date.parse(lastAt))
  const healthy = since <= 2 * intervalHours * HOUR_MS && found?.status !== 'unhealthy'
  return {
    status: healthy ? 'ok' : 'unhealthy',
    running: (found?.running ?? 0) > 0,
    healthy,
    last_run: lastAt === null ? null : new Date(lastAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  }
}
