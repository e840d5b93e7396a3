/** A run of one agent on one project: analysis, verdict, suggestions. By its own schedule, the batch, a retry, or by hand. */
import { defineJob, type Job, QuarterjackError } from '@quarterjack/core'
import * as z from 'zod'
import { instantOf, type WorkerDeps } from '../worker/worker-deps.ts'
import { analyseProject } from './analyse-project.ts'
import { insertSuggestions, listEarlier, reasonOf, recordAgentRun } from './agent-runs.ts'
import { findAssignment } from './assignments.ts'
import { decideRun } from './decide-run.ts'
import type { RepositorySource } from './repository.ts'
import { assignmentSchema } from './settings.ts'

const payloadSchema = assignmentSchema.extend({
  origin: z.enum(['schedule', 'batch', 'project', 'retry']).default('schedule'),
  /** How often it was tried again. */
  retries: z.int().min(0).default(0),
})

export type AgentJob = Job<z.input<typeof payloadSchema>, { readonly suggestions: number }>

/** The shortest period that says something about a project. */
const MIN_PERIOD_HOURS = 24

/**
 * `orchestration-agent`. Its schedules are data: one per agent of a project, whose key is theirs. It has no retries of its own:
 * what failed is written down, and the hourly worker tries it again.
 */
export function defineAgentJob(deps: WorkerDeps, source: RepositorySource): AgentJob {
  const { db, transact } = deps
  return defineJob({
    name: 'orchestration-agent',
    payload: payloadSchema,
    overlap: 'skip',
    concurrency: 5,
    timeout: '2m',
    health: { maxFailures: 20 },
    run: async (ctx) => {
      const { projectId, agent, origin, retries } = ctx.payload
      const at = instantOf(ctx, deps)
      const run = { runId: ctx.runId, projectId, agent, origin, retries, at }
      const nothing = { ...run, suggestions: 0, scores: null }
      const writeDown = async (error: unknown): Promise<never> => {
        if (isFailure(ctx.signal)) await recordAgentRun(db, { ...nothing, status: 'failed', reason: String(error) })
        throw error
      }
      const earlierReason = await reasonOf(db, ctx.runId)
      if (earlierReason !== null) return ctx.skip(earlierReason)

      const assignment = await findAssignment(db, run)
      if (assignment === null) return ctx.skip('the project has no such agent')
      const { settings } = assignment
      const periodHours = Math.max(MIN_PERIOD_HOURS, settings.frequencyHours)
      const analysis = await analyseProject(db, source, { projectId, periodHours, at, signal: ctx.signal }).catch(writeDown)

      // Runs of one key never overlap, so nobody else suggests meanwhile.
      const isForced = origin === 'project' || origin === 'retry'
      const earlier = await listEarlier(db, run)
      const decision = decideRun({ ...assignment, ...analysis, earlier, isForced }, at)
      if (decision.kind === 'skip') {
        const { reason, scores } = decision
        await db.transaction((tx) => recordAgentRun(tx, { ...nothing, status: 'skipped', reason, scores }))
        return ctx.skip(reason)
      }
      const { scores, suggestions } = decision
      return transact(ctx, async (tx) => {
        await insertSuggestions(tx, suggestions, run)
        await recordAgentRun(tx, { ...run, status: 'completed', reason: null, scores, suggestions: suggestions.length })
        return { suggestions: suggestions.length }
      }).catch(writeDown)
    },
  })
}

/** Taking too long is one. Whoever else aborted the run has it run again, or wanted its end. */
function isFailure(signal: AbortSignal): boolean {
  return !signal.aborted || QuarterjackError.isInstance(signal.reason, 'AttemptTimedOut')
}
