/** Projects, the settings of their agents, and what is left of earlier orchestration. */
import { DAY_MS } from '../db/time.ts'
import { AGENT_NAMES } from '../orchestration/agents.ts'
import { SEED_TODAY, type SeedLine } from './seed-database.ts'

export const PROJECTS = {
  slicer: '7d0f7b58-5a0e-4a7e-9a43-0c2f5f1e0001',
  storefront: '7d0f7b58-5a0e-4a7e-9a43-0c2f5f1e0002',
  firmware: '7d0f7b58-5a0e-4a7e-9a43-0c2f5f1e0003',
  archive: '7d0f7b58-5a0e-4a7e-9a43-0c2f5f1e0004',
} as const

const PROJECT_ROWS = [
  { id: PROJECTS.slicer, name: 'Slicer', repository: 'printverse/slicer', github_sync_enabled: true },
  { id: PROJECTS.storefront, name: 'Storefront', repository: 'printverse/storefront', github_sync_enabled: true },
  // Its repository was renamed, and nobody told the service.
  { id: PROJECTS.firmware, name: 'Firmware', repository: 'printverse/firmware-old', github_sync_enabled: true },
  { id: PROJECTS.archive, name: 'Archive', repository: 'printverse/slicer', github_sync_enabled: false },
]

const SETTINGS = {
  autonomous_mode: 'suggest',
  frequency_hours: 24,
  min_confidence_score: 0.5,
  max_per_run: 3,
  cooldown_hours: 72,
  schedule_active: true,
  last_run_at: null,
}

const OF_AGENTS: Readonly<Record<string, object>> = {
  [`${PROJECTS.slicer}/developer`]: { frequency_hours: 6 },
  [`${PROJECTS.slicer}/marketer`]: { autonomous_mode: 'auto_publish', frequency_hours: 168 },
  [`${PROJECTS.slicer}/seo-writer`]: { autonomous_mode: 'auto_approve', frequency_hours: 12, min_confidence_score: 0.3 },
  [`${PROJECTS.storefront}/designer`]: { max_per_run: 1, frequency_hours: 12 },
  [`${PROJECTS.storefront}/marketer`]: { autonomous_mode: 'disabled' },
  [`${PROJECTS.storefront}/researcher`]: { schedule_active: false },
  [`${PROJECTS.storefront}/seo-writer`]: { min_confidence_score: 0.9 },
}

export function* generateProjects(): Generator<SeedLine> {
  for (const row of PROJECT_ROWS) yield { table: 'projects', row }
  for (const { id } of PROJECT_ROWS) {
    // The firmware's team takes the developer only.
    const agents = id === PROJECTS.firmware ? (['developer'] as const) : AGENT_NAMES
    for (const agent of agents)
      yield { table: 'agent_settings', row: { project_id: id, agent, ...SETTINGS, ...OF_AGENTS[`${id}/${agent}`] } }
  }
  for (const age of [10, 29, 31, 45]) {
    const at = new Date(SEED_TODAY - age * DAY_MS).toISOString()
    const of = { project_id: PROJECTS.slicer }
    yield { table: 'github_analyses', row: { ...of, period_end: at, period_hours: 24, metrics: { commits: age }, findings: [] } }
    const run = { run_id: `seed-${age}`, ...of, agent: 'developer', origin: 'batch', status: 'skipped', reason: 'relevance 0: below 0.5' }
    yield { table: 'agent_runs', row: { ...run, scores: null, suggestions: 0, retries: 0, finished_at: at } }
  }
}
