/** The five agents: what each looks at, and what it makes of that. */
import type { FindingKind } from './finding.ts'

export const AGENT_NAMES = ['developer', 'researcher', 'marketer', 'seo-writer', 'designer'] as const

export type AgentName = (typeof AGENT_NAMES)[number]

export type SuggestionKind =
  | 'pr_review'
  | 'code_improvement'
  | 'research_report'
  | 'blog_post'
  | 'release_notes'
  | 'documentation'
  | 'design_feedback'

/** A finding goes to the agents that make something of its kind. */
export const AGENTS: Readonly<Record<AgentName, Readonly<Partial<Record<FindingKind, SuggestionKind>>>>> = {
  developer: { 'pr-waiting': 'pr_review', 'pr-stale': 'pr_review', hotspot: 'code_improvement', 'issue-stale': 'code_improvement' },
  researcher: { 'issue-pattern': 'research_report', trend: 'research_report' },
  marketer: { release: 'release_notes', milestone: 'blog_post' },
  'seo-writer': { 'readme-outdated': 'documentation', 'docs-missing': 'documentation' },
  designer: { 'ui-issue': 'design_feedback' },
}
