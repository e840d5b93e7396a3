/** Reads a project's repository and keeps the analysis of a period: one for each hour and length. */
import { iso, type Queries, select } from '../db/queries.ts'
import { HOUR_MS, startOfHour } from '../db/time.ts'
import type { Analysis } from './finding.ts'
import { findInRepository } from './find-in-repository.ts'
import { measureVelocity } from './measure-velocity.ts'
import type { RepositorySource } from './repository.ts'

export interface AnalysisRequest {
  readonly projectId: string
  readonly periodHours: number
  readonly at: number
  readonly signal: AbortSignal
}

/** What was analysed this hour is not analysed again. Rejects when the project is unknown, or its repository out of reach. */
export async function analyseProject(db: Queries, source: RepositorySource, request: AnalysisRequest): Promise<Analysis> {
  const { projectId, periodHours, at, signal } = request
  const to = startOfHour(at)
  const id = [projectId, iso(to), periodHours]
  const kept = await select<Analysis>(
    db,
    `select metrics, findings from gateway.github_analyses
     where project_id = $1::uuid and period_end = $2::timestamptz and period_hours = $3::int`,
    id,
  )
  if (kept[0] !== undefined) return kept[0]
  const [project] = await select<{ repository: string }>(db, `select repository from gateway.projects where id = $1::uuid`, [projectId])
  if (project === undefined) throw new Error(`There is no project ${projectId}.`)
  const repository = await source.read(project.repository, to, signal)
  const period = { from: to - periodHours * HOUR_MS, to }
  const analysis = { metrics: measureVelocity(repository, period), findings: findInRepository(repository, period) }
  await db.query(
    `insert into gateway.github_analyses (project_id, period_end, period_hours, metrics, findings)
     values ($1::uuid, $2::timestamptz, $3::int, $4::jsonb, $5::jsonb) on conflict do nothing`,
    [...id, JSON.stringify(analysis.metrics), JSON.stringify(analysis.findings)],
  )
  return analysis
}
