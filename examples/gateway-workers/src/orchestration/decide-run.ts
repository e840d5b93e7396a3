/** What an agent does with an analysis: nothing, with the reason, or suggestions and what becomes of them. Pure. */
import { HOUR_MS } from '../db/time.ts'
import { AGENTS, type AgentName, type SuggestionKind } from './agents.ts'
import type { Finding } from './finding.ts'
import { reasonToSkip, type Scores, scoreFindings } from './score-findings.ts'
import type { AgentSettings } from './settings.ts'

/** One that was made before. */
export interface EarlierSuggestion {
  readonly topic: string
  readonly createdAt: number
  readonly isPending: boolean
}

export interface NewSuggestion {
  readonly kind: SuggestionKind
  readonly topic: string
  readonly title: string
  readonly body: string
  readonly confidence: number
  readonly status: 'pending_review' | 'approved' | 'published'
  /** The mode that decided in people's place; null while it waits for them. */
  readonly decidedBy: string | null
}

export interface RunFacts {
  readonly agent: AgentName
  readonly settings: AgentSettings
  readonly isSyncEnabled: boolean
  readonly lastRunAt: number | null
  readonly earlier: readonly EarlierSuggestion[]
  readonly findings: readonly Finding[]
  /** Asked for by somebody: the frequency does not matter. */
  readonly isForced: boolean
}

export type RunDecision =
  | { readonly kind: 'skip'; readonly reason: string; readonly scores: Scores | null }
  | { readonly kind: 'suggest'; readonly suggestions: readonly NewSuggestion[]; readonly scores: Scores }

/** Schedules and the batch may meet: what ran just before its time counts as having run. */
const EARLY_MS = 5 * 60_000

export function decideRun(facts: RunFacts, at: number): RunDecision {
  const { settings, findings, agent } = facts
  const obstacle = obstacleTo(facts, at)
  if (obstacle !== null) return { kind: 'skip', reason: obstacle, scores: null }
  const known = new Set(
    facts.earlier
      .filter(({ isPending, createdAt }) => isPending || at - createdAt < settings.cooldownHours * HOUR_MS)
      .map(({ topic }) => topic),
  )
  const relevant = findings.filter(({ kind }) => AGENTS[agent][kind] !== undefined)
  const { scores, picked } = scoreFindings(relevant, { isKnown: (topic) => known.has(topic), limit: settings.maxPerRun })
  const reason = reasonToSkip(scores, settings.minConfidenceScore)
  if (reason !== null) return { kind: 'skip', reason, scores }
  return { kind: 'suggest', scores, suggestions: picked.flatMap((finding) => toSuggestion(finding, facts, scores)) }
}

/** Whether enough time has passed since an agent's last run. */
export function isDue(settings: Pick<AgentSettings, 'frequencyHours'>, lastRunAt: number | null, at: number): boolean {
  return lastRunAt === null || at - lastRunAt >= settings.frequencyHours * HOUR_MS - EARLY_MS
}

function obstacleTo({ settings, isSyncEnabled, lastRunAt, isForced }: RunFacts, at: number): string | null {
  if (!isSyncEnabled) return 'github_sync_enabled is false'
  if (settings.autonomousMode === 'disabled') return 'autonomous_mode is disabled'
  if (isForced || isDue(settings, lastRunAt, at)) return null
  return `ran ${new Date(lastRunAt ?? 0).toISOString()}, and is to run every ${settings.frequencyHours} h`
}

function toSuggestion(finding: Finding, { agent, settings }: RunFacts, scores: Scores): readonly NewSuggestion[] {
  const kind = AGENTS[agent][finding.kind]
  if (kind === undefined) return []
  const { topic, title, detail, value } = finding
  const confidence = Math.round(((scores.relevance + scores.actionability + scores.freshness + value) / 4) * 100) / 100
  return [{ kind, topic, title, body: detail, confidence, ...OUTCOMES[settings.autonomousMode] }]
}

const OUTCOMES = {
  // Never asked: a disabled agent was stopped before.
  disabled: { status: 'pending_review', decidedBy: null },
  suggest: { status: 'pending_review', decidedBy: null },
  auto_approve: { status: 'approved', decidedBy: 'auto_approve' },
  auto_publish: { status: 'published', decidedBy: 'auto_publish' },
} as const
