/** Every six hours, unless told otherwise: analyses every project that is synchronised, and sets the agents to work that are due. */
import { defineJob, type Job } from '@quarterjack/core'
import { iso } from '../db/queries.ts'
import { startOfHour } from '../db/time.ts'
import { workerPolicy } from '../worker/define-worker.ts'
import { instantOf, type WorkerDeps } from '../worker/worker-deps.ts'
import type { AgentJob } from './agent-job.ts'
import { followSettings } from './agent-schedules.ts'
import { analyseProject } from './analyse-project.ts'
import { isScheduled, listAssignments } from './assignments.ts'
import { isDue } from './decide-run.ts'
import type { RepositorySource } from './repository.ts'
import { keyOf } from './settings.ts'

export interface BatchResult {
  readonly projects: number
  readonly analysed: number
  /** Projects whose repository was out of reach, with the reason. */
  readonly failed: Readonly<Record<string, string>>
  /** Agents that were set to work. */
  readonly triggered: number
}

const PERIOD_HOURS = 24

/** As it stood in the crontab. */
const EVERY_SIX_HOURS = '0 */6 * * *'

/** `orchestration-batch`. One project that fails does not keep the others waiting. */
export function defineBatchJob(deps: WorkerDeps, source: RepositorySource, agentJob: AgentJob): Job<undefined, BatchResult> {
  const { db, scheduler } = deps
  return defineJob({
    ...workerPolicy('orchestration-batch', deps.batchSchedule ?? EVERY_SIX_HOURS, deps),
    run: async (ctx) => {
      const at = instantOf(ctx, deps)
      const assignments = (await listAssignments(db)).filter(isScheduled)
      const projects = [...new Set(assignments.map(({ projectId }) => projectId))]
      const failed: Record<string, string> = {}
      for (const [index, projectId] of projects.entries()) {
        ctx.signal.throwIfAborted()
        ctx.progress({ analysed: index, of: projects.length })
        await analyseProject(db, source, { projectId, periodHours: PERIOD_HOURS, at, signal: ctx.signal }).catch((error: unknown) => {
          ctx.signal.throwIfAborted()
          failed[projectId] = String(error)
        })
      }
      if (deps.isScheduled) await followSettings(db, scheduler(), agentJob)
      const due = assignments.filter(({ settings, lastRunAt }) => isDue(settings, lastRunAt, at))
      const handles = await scheduler().triggerMany(
        agentJob,
        due.map(({ projectId, agent }) => {
          const key = keyOf({ projectId, agent })
          // A batch that is asked for twice within the hour is the same batch.
          return { key, payload: { projectId, agent, origin: 'batch' as const }, idempotencyKey: `batch/${key}/${iso(startOfHour(at))}` }
        }),
      )
      const triggered = handles.filter(({ outcome }) => outcome === 'created').length
      return { projects: projects.length, analysed: projects.length - Object.keys(failed).length, failed, triggered }
    },
  })
}
