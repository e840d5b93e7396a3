/** What `GET /api/v1/workers/health` tells everybody: how each worker is doing, and no error texts. */
import type { HealthView } from '@quarterjack/adapter-http'
import type { JobHealth } from '@quarterjack/core'

export interface WorkerHealth {
  readonly status: string
  readonly workers: readonly {
    readonly name: string
    readonly status: string
    readonly running: number
    readonly lastRun: string | null
    readonly lastSuccess: string | null
    readonly consecutiveFailures: number
    readonly nextRun: string | null
  }[]
}

export function shapeWorkerHealth({ status, snapshot }: HealthView): WorkerHealth {
  const jobs: readonly JobHealth[] = 'jobs' in snapshot ? snapshot.jobs : [snapshot]
  return {
    status,
    workers: jobs.map((job) => ({
      name: job.job,
      status: job.status,
      running: job.running,
      lastRun: job.lastRun?.at ?? null,
      lastSuccess: job.lastSuccess?.at ?? null,
      consecutiveFailures: job.consecutiveFailures,
      nextRun: job.nextSlot,
    })),
  }
}
