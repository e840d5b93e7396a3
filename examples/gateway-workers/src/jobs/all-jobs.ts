/** Every job of the service. */
import type { Job } from '@quarterjack/core'
import type { AgentJob } from '../orchestration/agent-job.ts'
import { defineOrchestrationJobs } from '../orchestration/define-jobs.ts'
import type { RepositorySource } from '../orchestration/repository.ts'
import type { WorkerDeps } from '../worker/worker-deps.ts'
import { defineDatabaseWorkers } from './database-workers.ts'

export interface AllJobs {
  readonly jobs: readonly Job<never, unknown>[]
  /** The one whose schedules are data. */
  readonly agent: AgentJob
}

export function defineAllJobs({ source, ...deps }: WorkerDeps & { readonly source: RepositorySource }): AllJobs {
  const { agent, all } = defineOrchestrationJobs(deps, source)
  return { agent, jobs: [...defineDatabaseWorkers(deps), ...all] }
}
