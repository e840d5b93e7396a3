/** Health in the shape that an existing monitor reads. */
import type { HealthSnapshot, HealthStatus, JobHealth, RollupHealth } from '@quarterjack/core'

/** What a shape is made from. */
export interface HealthView {
  /** Null: of the whole scheduler. */
  readonly job: string | null
  readonly status: HealthStatus
  /** Whether the answer is 200. */
  readonly healthy: boolean
  /** Runs that execute: of the job in all processes, or of this process. */
  readonly running: number
  /** ISO 8601; null when nothing ever ran. */
  readonly lastRun: string | null
  readonly snapshot: HealthSnapshot | JobHealth
  /** How fresh it is; null where it is no rollup. */
  readonly rollup: RollupHealth | null
}

/** `data` is `{ data: { status, running, healthy, last_run } }`. What a function answers with, everybody may read. */
export type HealthShape = 'data' | ((view: HealthView) => unknown)

export function shapeHealth(shape: HealthShape, view: HealthView): unknown {
  if (typeof shape === 'function') return shape(view)
  const { status, running, healthy, lastRun } = view
  return { data: { status, running: running > 0, healthy, last_run: lastRun } }
}

/** The newest of the last runs. */
export function newestRunAt(jobs: readonly JobHealth[]): string | null {
  return jobs.reduce<string | null>((newest, { lastRun }) => {
    const at = lastRun?.at ?? null
    return at !== null && (newest === null || at > newest) ? at : newest
  }, null)
}
