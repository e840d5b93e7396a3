/** The agents of projects and their settings, in the database. */
import { change, ms, type Queries, select } from '../db/queries.ts'
import type { AgentName } from './agents.ts'
import type { AgentSettings, Assignment } from './settings.ts'

export interface AssignmentState extends Assignment {
  readonly settings: AgentSettings
  readonly isSyncEnabled: boolean
  readonly lastRunAt: number | null
}

interface Row extends AgentSettings {
  readonly projectId: string
  readonly agent: AgentName
  readonly isSyncEnabled: boolean
  readonly lastRunAt: number | null
}

/** All of them, or those of a project. */
export async function listAssignments(db: Queries, projectId: string | null = null): Promise<readonly AssignmentState[]> {
  const rows = await select<Row>(
    db,
    `select s.project_id as "projectId", s.agent, s.autonomous_mode as "autonomousMode", s.frequency_hours as "frequencyHours",
            s.min_confidence_score as "minConfidenceScore", s.max_per_run as "maxPerRun", s.cooldown_hours as "cooldownHours",
            s.schedule_active as "scheduleActive", ${ms('s.last_run_at')} as "lastRunAt", p.github_sync_enabled as "isSyncEnabled"
     from gateway.agent_settings s join gateway.projects p on p.id = s.project_id
     where $1::uuid is null or p.id = $1::uuid order by s.project_id, s.agent`,
    [projectId],
  )
  return rows.map(({ projectId: id, agent, isSyncEnabled, lastRunAt, ...settings }) => ({
    projectId: id,
    agent,
    settings,
    isSyncEnabled,
    lastRunAt,
  }))
}

export async function findAssignment(db: Queries, { projectId, agent }: Assignment): Promise<AssignmentState | null> {
  return (await listAssignments(db, projectId)).find((assignment) => assignment.agent === agent) ?? null
}

/** Whether it runs by itself. */
export function isScheduled({ isSyncEnabled, settings }: AssignmentState): boolean {
  return isSyncEnabled && settings.scheduleActive && settings.autonomousMode !== 'disabled'
}

/** False when there is no such project. */
export async function saveSettings(db: Queries, { projectId, agent }: Assignment, settings: AgentSettings): Promise<boolean> {
  const saved = await change(
    db,
    `insert into gateway.agent_settings
       (project_id, agent, autonomous_mode, frequency_hours, min_confidence_score, max_per_run, cooldown_hours, schedule_active)
     select id, $2::text, $3::text, $4::int, $5::float8, $6::int, $7::int, $8::boolean from gateway.projects where id = $1::uuid
     on conflict (project_id, agent) do update
     set autonomous_mode = excluded.autonomous_mode, frequency_hours = excluded.frequency_hours,
         min_confidence_score = excluded.min_confidence_score, max_per_run = excluded.max_per_run,
         cooldown_hours = excluded.cooldown_hours, schedule_active = excluded.schedule_active
     returning agent`,
    [
      projectId,
      agent,
      settings.autonomousMode,
      settings.frequencyHours,
      settings.minConfidenceScore,
      settings.maxPerRun,
      settings.cooldownHours,
      settings.scheduleActive,
    ],
  )
  return saved > 0
}
