/** The log of what agents did: a row for each run, with its scores and, if it did nothing, the reason. */
import { iso, ms, type Queries, select } from '../db/queries.ts'
import type { EarlierSuggestion, NewSuggestion } from './decide-run.ts'
import type { Scores } from './score-findings.ts'
import type { Assignment } from './settings.ts'

export interface AgentRun extends Assignment {
  readonly runId: string
  readonly origin: string
  readonly status: 'completed' | 'skipped' | 'failed'
  readonly reason: string | null
  readonly scores: Scores | null
  readonly suggestions: number
  readonly retries: number
  readonly at: number
}

/** Writes the row, and with a verdict on findings the instant from which the frequency counts. */
export async function recordAgentRun(tx: Queries, run: AgentRun): Promise<void> {
  const { runId, projectId, agent, origin, status, reason, scores, suggestions, retries, at } = run
  await tx.query(
    `insert into gateway.agent_runs
       (run_id, project_id, agent, origin, status, reason, scores, suggestions, retries, finished_at)
     values ($1, $2::uuid, $3, $4, $5, $6, $7::jsonb, $8::int, $9::int, $10::timestamptz)
     on conflict (run_id) do nothing`,
    [runId, projectId, agent, origin, status, reason, scores === null ? null : JSON.stringify(scores), suggestions, retries, iso(at)],
  )
  if (scores === null) return
  await tx.query(
    `update gateway.agent_settings set last_run_at = greatest(last_run_at, $3::timestamptz) where project_id = $1::uuid and agent = $2`,
    [projectId, agent, iso(at)],
  )
}

/** Why this very run was skipped already, if it was: a process may die before the scheduler hears of it. */
export async function reasonOf(db: Queries, runId: string): Promise<string | null> {
  const [row] = await select<{ reason: string }>(db, `select reason from gateway.agent_runs where run_id = $1 and status = 'skipped'`, [
    runId,
  ])
  return row?.reason ?? null
}

export async function listEarlier(db: Queries, { projectId, agent }: Assignment): Promise<readonly EarlierSuggestion[]> {
  return select<EarlierSuggestion>(
    db,
    `select topic, ${ms('max(created_at)')} as "createdAt", bool_or(status = 'pending_review') as "isPending"
     from gateway.suggestions where project_id = $1::uuid and agent = $2 group by topic`,
    [projectId, agent],
  )
}

export async function insertSuggestions(
  tx: Queries,
  suggestions: readonly NewSuggestion[],
  { projectId, agent, runId, at }: Assignment & { readonly runId: string; readonly at: number },
): Promise<void> {
  await tx.query(
    `insert into gateway.suggestions
       (project_id, agent, run_id, created_at, kind, topic, title, body, confidence, status, decided_by, decided_at)
     select $2::uuid, $3, $4, $5::timestamptz, kind, topic, title, body, confidence, status, "decidedBy",
            case when "decidedBy" is null then null else $5::timestamptz end
     from jsonb_to_recordset($1::jsonb) as s(kind text, topic text, title text, body text, confidence float8, status text, "decidedBy" text)`,
    [JSON.stringify(suggestions), projectId, agent, runId, iso(at)],
  )
}
