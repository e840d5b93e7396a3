/** The last three lines of the crontab, what is started by hand, and the agents. */
import type { Job } from '@quarterjack/core'
import type { WorkerDeps } from '../worker/worker-deps.ts'
import { type AgentJob, defineAgentJob } from './agent-job.ts'
import { defineBatchJob } from './batch-job.ts'
import { defineCleanUpJob } from './clean-up-job.ts'
import { defineAnalyseJob, defineProjectJob } from './project-jobs.ts'
import type { RepositorySource } from './repository.ts'
import { defineRetryFailedJob } from './retry-failed-job.ts'

export interface OrchestrationJobs {
  readonly agent: AgentJob
  /** With the agent's. */
  readonly all: readonly Job<never, unknown>[]
}

export function defineOrchestrationJobs(deps: WorkerDeps, source: RepositorySource): OrchestrationJobs {
  const agent = defineAgentJob(deps, source)
  return {
    agent,
    all: [
      defineBatchJob(deps, source, agent),
      defineRetryFailedJob(deps, agent),
      defineCleanUpJob(deps),
      defineProjectJob(deps, agent),
      defineAnalyseJob(deps, source),
      agent,
    ],
  }
}
