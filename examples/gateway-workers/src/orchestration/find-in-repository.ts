/** What in a repository deserves somebody's attention. Pure; each rule stands alone. */
import { DAY_MS } from '../db/time.ts'
import type { Finding } from './finding.ts'
import { isWithin, type Period } from './measure-velocity.ts'
import type { Repository } from './repository.ts'

type Rule = (repository: Repository, period: Period) => readonly Finding[]

const UI_LABELS: ReadonlySet<string> = new Set(['ui', 'ux', 'design', 'accessibility'])
const SHELVED_LABELS: ReadonlySet<string> = new Set(['blocked', 'wontfix'])

/** Every finding, in the order of the rules. */
export function findInRepository(repository: Repository, period: Period): readonly Finding[] {
  return RULES.flatMap((rule) => rule(repository, period))
}

const waitingPullRequests: Rule = ({ pullRequests }, { to }) =>
  open(pullRequests)
    .filter(({ openedAt, updatedAt, reviews }) => reviews === 0 && to - openedAt > DAY_MS && to - updatedAt <= 7 * DAY_MS)
    .map(({ number, title, isDraft, openedAt }) => ({
      kind: 'pr-waiting',
      topic: `pr-waiting:#${number}`,
      title: `Review #${number}: ${title}`,
      detail: `Open for ${days(to - openedAt)} without a review.`,
      isActionable: !isDraft,
      value: 0.8,
    }))

const stalePullRequests: Rule = ({ pullRequests }, { to }) =>
  open(pullRequests)
    .filter(({ updatedAt }) => to - updatedAt > 7 * DAY_MS)
    .map(({ number, title, isDraft, updatedAt }) => ({
      kind: 'pr-stale',
      topic: `pr-stale:#${number}`,
      title: `Revive or close #${number}: ${title}`,
      detail: `Nothing has happened for ${days(to - updatedAt)}.`,
      isActionable: !isDraft,
      value: 0.6,
    }))

const hotspots: Rule = ({ commits }, period) => {
  const files = commits.filter(({ at }) => isWithin(period, at)).flatMap((commit) => commit.files.filter(isCode))
  return [...Map.groupBy(files, (file) => file)]
    .filter(([, changes]) => changes.length >= 4)
    .map(([file, changes]) => ({
      kind: 'hotspot',
      topic: `hotspot:${file}`,
      title: `Split ${file}`,
      detail: `${changes.length} commits touched it in one period.`,
      isActionable: true,
      value: 0.7,
    }))
}

const staleIssues: Rule = ({ issues }, { to }) =>
  open(issues)
    .filter(({ updatedAt }) => to - updatedAt > 30 * DAY_MS)
    .map(({ number, title, labels, updatedAt }) => ({
      kind: 'issue-stale',
      topic: `issue-stale:#${number}`,
      title: `Decide on #${number}: ${title}`,
      detail: `Untouched for ${days(to - updatedAt)}.`,
      isActionable: !labels.some((label) => SHELVED_LABELS.has(label)),
      value: 0.4,
    }))

const issuePatterns: Rule = ({ issues }, { from, to }) => {
  // A pattern needs longer than a day to show.
  const window = { from: Math.min(from, to - 14 * DAY_MS), to }
  const opened = issues.filter(({ openedAt }) => isWithin(window, openedAt))
  return [
    ...Map.groupBy(
      opened.flatMap((issue) => issue.labels),
      (label) => label,
    ),
  ]
    .filter(([label, same]) => same.length >= 3 && !SHELVED_LABELS.has(label))
    .map(([label, same]) => ({
      kind: 'issue-pattern',
      topic: `issue-pattern:${label}`,
      title: `Why do "${label}" issues pile up?`,
      detail: `${same.length} were opened within ${days(window.to - window.from)}.`,
      isActionable: true,
      value: Math.min(1, 0.5 + same.length / 20),
    }))
}

const trends: Rule = ({ commits }, { to }) => {
  const week = 7 * DAY_MS
  const now = commits.filter(({ at }) => isWithin({ from: to - week, to }, at)).length
  const before = commits.filter(({ at }) => isWithin({ from: to - 2 * week, to: to - week }, at)).length
  if (before < 5 || (now < before * 1.5 && now > before * 0.5)) return []
  const direction = now > before ? 'faster' : 'slower'
  return [
    {
      kind: 'trend',
      topic: `trend:${direction}`,
      title: `The project has become ${direction}`,
      detail: `${now} commits in a week, after ${before} in the one before.`,
      isActionable: true,
      value: 0.7,
    },
  ]
}

const releases: Rule = ({ releases: all }, period) =>
  all
    .filter(({ at }) => isWithin(period, at))
    .map(({ tag, isPrerelease }) => ({
      kind: 'release',
      topic: `release:${tag}`,
      title: `Release notes for ${tag}`,
      detail: isPrerelease ? 'A prerelease: nothing to announce yet.' : 'Released in this period.',
      isActionable: !isPrerelease,
      value: 0.9,
    }))

const milestones: Rule = ({ milestones: all }, period) =>
  all
    .filter(({ closedAt }) => isWithin(period, closedAt))
    .map(({ title }) => ({
      kind: 'milestone',
      topic: `milestone:${title}`,
      title: `A post about "${title}"`,
      detail: 'The milestone was closed in this period.',
      isActionable: true,
      value: 0.8,
    }))

const outdatedReadme: Rule = ({ commits }, { to }) => {
  const readmeAt = Math.max(0, ...commits.filter(({ files }) => files.includes('README.md')).map(({ at }) => at))
  const since = commits.filter(({ at, files }) => at > readmeAt && files.some(isCode)).length
  if (since < 10 || to - readmeAt < 14 * DAY_MS) return []
  return [
    {
      kind: 'readme-outdated',
      topic: `readme-outdated:${readmeAt}`,
      title: 'Bring README.md up to date',
      detail: `${since} commits changed code since it was last touched.`,
      isActionable: true,
      value: 0.7,
    },
  ]
}

const missingDocs: Rule = ({ commits }, { from, to }) =>
  commits
    .filter(
      ({ at, message, files }) =>
        isWithin({ from: Math.min(from, to - 7 * DAY_MS), to }, at) && /^add /i.test(message) && !files.some(isDocs),
    )
    .map(({ sha, message }) => ({
      kind: 'docs-missing',
      topic: `docs-missing:${sha}`,
      title: `Document: ${message}`,
      detail: `Commit ${sha} added something and touched no page.`,
      isActionable: true,
      value: 0.6,
    }))

const uiIssues: Rule = ({ issues }) =>
  open(issues)
    .filter(({ labels }) => labels.some((label) => UI_LABELS.has(label)))
    .map(({ number, title, labels }) => ({
      kind: 'ui-issue',
      topic: `ui-issue:#${number}`,
      title: `Design feedback on #${number}: ${title}`,
      detail: `Labelled ${labels.join(', ')}.`,
      isActionable: !labels.some((label) => SHELVED_LABELS.has(label)),
      value: labels.includes('accessibility') ? 0.9 : 0.6,
    }))

const RULES: readonly Rule[] = [
  waitingPullRequests,
  stalePullRequests,
  hotspots,
  staleIssues,
  issuePatterns,
  trends,
  releases,
  milestones,
  outdatedReadme,
  missingDocs,
  uiIssues,
]

function open<T extends { readonly closedAt: number | null; readonly mergedAt?: number | null }>(items: readonly T[]): readonly T[] {
  return items.filter(({ closedAt, mergedAt }) => closedAt === null && (mergedAt ?? null) === null)
}

function isDocs(file: string): boolean {
  return file === 'README.md' || file.startsWith('docs/')
}

function isCode(file: string): boolean {
  return file.startsWith('src/')
}

function days(durationMs: number): string {
  return `${Math.floor(durationMs / DAY_MS)} days`
}
