/** By hand, for one project: the analysis alone, or the analysis and all of its agents. */
import { defineJob, type Job } from '@quarterjack/core'
import * as z from 'zod'
import { instantOf, type WorkerDeps } from '../worker/worker-deps.ts'
import type { AgentJob } from './agent-job.ts'
import type { AgentName } from './agents.ts'
import { analyseProject } from './analyse-project.ts'
import { listAssignments } from './assignments.ts'
import type { Metrics } from './finding.ts'
import type { RepositorySource } from './repository.ts'
import { keyOf } from './settings.ts'

const payloadSchema = z.object({
  id: z.uuid(),
  /** How far back to look. */
  periodHours: z.int().min(1).max(2_160).default(24),
})

export type ProjectJob<Result> = Job<z.input<typeof payloadSchema>, Result>

export interface ProjectAnalysis {
  readonly metrics: Metrics
  /** Topics by kind. */
  readonly findings: Readonly<Record<string, readonly string[]>>
}

const POLICY = { payload: payloadSchema, overlap: 'skip', timeout: '2m' } as const

/** `orchestration-analyze-github`: no agent hears of it. */
export function defineAnalyseJob(deps: WorkerDeps, source: RepositorySource): ProjectJob<ProjectAnalysis> {
  return defineJob({
    name: 'orchestration-analyze-github',
    ...POLICY,
    run: async (ctx) => {
      const { id: projectId, periodHours } = ctx.payload
      const { metrics, findings } = await analyseProject(deps.db, source, {
        projectId,
        periodHours,
        at: instantOf(ctx, deps),
        signal: ctx.signal,
      })
      const byKind = Object.groupBy(findings, ({ kind }) => kind)
      return { metrics, findings: Object.fromEntries(Object.entries(byKind).map(([kind, all]) => [kind, all.map(({ topic }) => topic)])) }
    },
  })
}

/** `orchestration-project`: all agents of the project, due or not. Their runs are named in the result, not waited for. */
export function defineProjectJob(deps: WorkerDeps, agentJob: AgentJob): ProjectJob<{ readonly runs: Partial<Record<AgentName, string>> }> {
  return defineJob({
    name: 'orchestration-project',
    ...POLICY,
    run: async (ctx) => {
      const { id: projectId } = ctx.payload
      const assignments = await listAssignments(deps.db, projectId)
      if (assignments.length === 0) return ctx.skip(`project ${projectId} has no agents`)
      const handles = await ctx.scheduler.triggerMany(
        agentJob,
        assignments.map(({ agent }) => ({
          key: keyOf({ projectId, agent }),
          payload: { projectId, agent, origin: 'project' as const },
          // Another attempt of this run starts no second round.
          once: true,
        })),
      )
      return { runs: Object.fromEntries(assignments.map(({ agent }, index) => [agent, handles[index]?.id ?? ''])) }
    },
  })
}
