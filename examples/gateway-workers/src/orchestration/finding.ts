/** What an analysis finds in a repository: the currency between the analysis and the agents. */

export const FINDING_KINDS = [
  'pr-waiting',
  'pr-stale',
  'hotspot',
  'issue-stale',
  'issue-pattern',
  'trend',
  'release',
  'milestone',
  'readme-outdated',
  'docs-missing',
  'ui-issue',
] as const

export type FindingKind = (typeof FINDING_KINDS)[number]

export interface Finding {
  readonly kind: FindingKind
  /** The same thing has the same topic in every analysis: `pr-stale:#12`. */
  readonly topic: string
  readonly title: string
  readonly detail: string
  /** Whether somebody could do something about it now. */
  readonly isActionable: boolean
  /** What it would be worth, 0 to 1. */
  readonly value: number
}

/** Of one period. Medians and shares are null where there is nothing to take them of. */
export interface Metrics {
  readonly commits: number
  readonly commitsPerDay: number
  readonly authors: number
  readonly issuesOpened: number
  readonly issuesClosed: number
  readonly pullRequestsOpened: number
  readonly pullRequestsMerged: number
  readonly medianHoursToMerge: number | null
  readonly openIssues: number
  readonly openPullRequests: number
  /** Commits of this period over those of the one before. */
  readonly velocityChange: number | null
}

export interface Analysis {
  readonly metrics: Metrics
  readonly findings: readonly Finding[]
}
