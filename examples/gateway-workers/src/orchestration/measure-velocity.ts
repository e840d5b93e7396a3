/** Velocity of a repository in a period. Pure. */
import { DAY_MS, HOUR_MS } from '../db/time.ts'
import type { Metrics } from './finding.ts'
import type { Repository } from './repository.ts'

/** After `from`, up to and including `to`. */
export interface Period {
  readonly from: number
  readonly to: number
}

export function isWithin({ from, to }: Period, at: number | null): boolean {
  return at !== null && at > from && at <= to
}

export function measureVelocity({ commits, issues, pullRequests }: Repository, period: Period): Metrics {
  const { from, to } = period
  const own = commits.filter(({ at }) => isWithin(period, at))
  const before = commits.filter(({ at }) => isWithin({ from: from - (to - from), to: from }, at)).length
  const merged = pullRequests.filter(({ mergedAt }) => isWithin(period, mergedAt))
  return {
    commits: own.length,
    commitsPerDay: round(own.length / ((to - from) / DAY_MS)),
    authors: new Set(own.map(({ author }) => author)).size,
    issuesOpened: issues.filter(({ openedAt }) => isWithin(period, openedAt)).length,
    issuesClosed: issues.filter(({ closedAt }) => isWithin(period, closedAt)).length,
    pullRequestsOpened: pullRequests.filter(({ openedAt }) => isWithin(period, openedAt)).length,
    pullRequestsMerged: merged.length,
    medianHoursToMerge: median(merged.map(({ openedAt, mergedAt }) => ((mergedAt ?? to) - openedAt) / HOUR_MS)),
    openIssues: issues.filter(({ closedAt }) => closedAt === null).length,
    openPullRequests: pullRequests.filter(({ closedAt, mergedAt }) => closedAt === null && mergedAt === null).length,
    velocityChange: before === 0 ? null : round(own.length / before),
  }
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? 0
  return round(Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
