/** Schedules of agents follow their settings: one for each that runs by itself. */
import { every, type Scheduler, type ScheduleSetting } from '@quarterjack/core'
import type { Queries } from '../db/queries.ts'
import { HOUR_MS } from '../db/time.ts'
import type { AgentJob } from './agent-job.ts'
import { type AssignmentState, isScheduled, listAssignments } from './assignments.ts'
import { keyOf } from './settings.ts'

/** How many schedules were new or different, and how many were removed. */
export interface ScheduleChanges {
  readonly set: number
  readonly removed: number
}

/** Makes the stored schedules those of the settings. Done again, it changes nothing. */
export async function followSettings(db: Queries, scheduler: Scheduler, job: AgentJob): Promise<ScheduleChanges> {
  const wanted = (await listAssignments(db)).filter(isScheduled)
  const outcomes = await scheduler.schedules.setMany(job, wanted.map(toSetting))
  const keys = new Set(wanted.map(keyOf))
  const stored = await scheduler.schedules.list({ job, limit: 10_000 })
  const superfluous = stored.filter(({ key, kind }) => kind === 'dynamic' && !keys.has(key))
  for (const { key } of superfluous) await scheduler.schedules.remove(job, key)
  return { set: outcomes.filter((outcome) => outcome !== 'unchanged').length, removed: superfluous.length }
}

function toSetting({
  projectId,
  agent,
  settings,
}: AssignmentState): ScheduleSetting<{ projectId: string; agent: AssignmentState['agent'] }> {
  return { key: keyOf({ projectId, agent }), schedule: every(settings.frequencyHours * HOUR_MS), payload: { projectId, agent } }
}
