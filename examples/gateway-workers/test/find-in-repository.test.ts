/** What the analysis sees in a repository, rule by rule; and what the file's source tells at which time. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../src/db/time.ts'
import { findInRepository } from '../src/orchestration/find-in-repository.ts'
import { createHistorySource } from '../src/orchestration/history-source.ts'
import { measureVelocity } from '../src/orchestration/measure-velocity.ts'
import type { Commit, Issue, PullRequest, Repository } from '../src/orchestration/repository.ts'
import { SEED_TODAY } from '../src/seed/seed-database.ts'

const TO = Date.UTC(2026, 2, 2, 6)
const PERIOD = { from: TO - DAY_MS, to: TO }
const EMPTY: Repository = { commits: [], issues: [], pullRequests: [], releases: [], milestones: [] }

const ago = (days: number): number => TO - days * DAY_MS
const commit = (days: number, more: Partial<Commit> = {}): Commit => ({
  sha: 'c0ffee1',
  at: ago(days),
  author: 'mira',
  message: 'Fix it',
  files: ['src/mesh.ts'],
  ...more,
})
const pr = (days: number, more: Partial<PullRequest> = {}): PullRequest => ({
  number: 7,
  title: 'Arcs',
  isDraft: false,
  openedAt: ago(days),
  updatedAt: ago(days),
  mergedAt: null,
  closedAt: null,
  reviews: 0,
  ...more,
})
const issue = (days: number, more: Partial<Issue> = {}): Issue => ({
  number: 8,
  title: 'Slow',
  labels: ['bug'],
  openedAt: ago(days),
  updatedAt: ago(days),
  closedAt: null,
  ...more,
})
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))

const topics = (repository: Partial<Repository>): readonly string[] =>
  findInRepository({ ...EMPTY, ...repository }, PERIOD).map(({ topic, isActionable }) => `${topic}${isActionable ? '' : ' (not now)'}`)

describe('findInRepository', () => {
  it.each<[string, Partial<Repository>, readonly string[]]>([
    ['nothing', {}, []],
    ['a pull request of today', { pullRequests: [pr(0.5)] }, []],
    ['one that waits', { pullRequests: [pr(2)] }, ['pr-waiting:#7']],
    ['one that was reviewed', { pullRequests: [pr(2, { reviews: 1 })] }, []],
    ['a draft that waits', { pullRequests: [pr(2, { isDraft: true })] }, ['pr-waiting:#7 (not now)']],
    ['one that is stale', { pullRequests: [pr(8, { reviews: 1 })] }, ['pr-stale:#7']],
    ['one that was merged', { pullRequests: [pr(8, { mergedAt: ago(1) })] }, []],
    ['a file that changes all the time', { commits: times(4, () => commit(0.1)) }, ['hotspot:src/mesh.ts']],
    ['a file that changed often last week', { commits: times(4, () => commit(3)) }, []],
    ['an old issue', { issues: [issue(31)] }, ['issue-stale:#8']],
    ['an old issue that is blocked', { issues: [issue(31, { labels: ['blocked'] })] }, ['issue-stale:#8 (not now)']],
    ['an old issue that was closed', { issues: [issue(31, { closedAt: ago(1) })] }, []],
    ['three of a kind', { issues: times(3, (index) => issue(index + 1)) }, ['issue-pattern:bug']],
    ['three of a kind, over a month', { issues: times(3, (index) => issue(index * 12 + 1)) }, []],
    ['a slower week', { commits: times(6, () => commit(10)) }, ['trend:slower']],
    [
      'a faster week',
      { commits: [commit(10, { files: ['README.md'] }), ...times(4, () => commit(10)), ...times(8, () => commit(3))] },
      ['trend:faster'],
    ],
    ['a release', { releases: [{ tag: 'v1', at: ago(0.5), isPrerelease: false }] }, ['release:v1']],
    ['a prerelease', { releases: [{ tag: 'v1', at: ago(0.5), isPrerelease: true }] }, ['release:v1 (not now)']],
    ['a release before the period', { releases: [{ tag: 'v1', at: ago(1), isPrerelease: false }] }, []],
    ['a milestone', { milestones: [{ title: 'One', closedAt: ago(0.5) }] }, ['milestone:One']],
    ['something new without docs', { commits: [commit(2, { message: 'Add arcs' })] }, ['docs-missing:c0ffee1']],
    ['something new with docs', { commits: [commit(2, { message: 'Add arcs', files: ['src/a.ts', 'docs/a.md'] })] }, []],
    ['an open UI issue', { issues: [issue(1, { labels: ['ui'] })] }, ['ui-issue:#8']],
  ])('%s', (_, repository, expected) => {
    expect(topics(repository)).toEqual(expected)
  })

  it('a README that fell behind', () => {
    const readmeAt = ago(20)
    const commits = [commit(20, { files: ['README.md'] }), ...times(10, (index) => commit(14.5 + index * 0.1))]
    expect(topics({ commits })).toContain(`readme-outdated:${readmeAt}`)
    expect(topics({ commits: commits.slice(0, 10) })).not.toContain(`readme-outdated:${readmeAt}`)
  })
})

it('measureVelocity counts what lies in the period', () => {
  const metrics = measureVelocity(
    {
      ...EMPTY,
      commits: [commit(0), commit(0.5, { author: 'jon' }), commit(1), commit(1.5)],
      issues: [issue(0.5), issue(3, { closedAt: ago(0.2) })],
      pullRequests: [pr(3, { mergedAt: ago(0.5) }), pr(1.5, { mergedAt: ago(0) }), pr(0.5)],
    },
    PERIOD,
  )
  expect(metrics).toEqual({
    commits: 2,
    commitsPerDay: 2,
    authors: 2,
    issuesOpened: 1,
    issuesClosed: 1,
    pullRequestsOpened: 1,
    pullRequestsMerged: 2,
    medianHoursToMerge: (60 + 36) / 2,
    openIssues: 1,
    openPullRequests: 1,
    velocityChange: 1,
  })
})

describe('the shipped history', () => {
  const signal = new AbortController().signal
  const read = async (shiftMs: number, at: number): Promise<Repository> =>
    (await createHistorySource(shiftMs)).read('printverse/slicer', at, signal)

  it('tells nothing of what is still to come', async () => {
    const today = await read(0, SEED_TODAY)
    const tomorrow = await read(0, SEED_TODAY + DAY_MS)
    const newest = (repository: Repository): number => Math.max(...repository.commits.map(({ at }) => at))
    expect(newest(today)).toBeLessThanOrEqual(SEED_TODAY)
    expect(newest(tomorrow)).toBeGreaterThan(SEED_TODAY)
    for (const { updatedAt, closedAt } of today.issues) expect(Math.max(updatedAt, closedAt ?? 0)).toBeLessThanOrEqual(SEED_TODAY)
  })

  it('moves with the rows', async () => {
    const here = await read(0, SEED_TODAY)
    const there = await read(100 * DAY_MS, SEED_TODAY + 100 * DAY_MS)
    expect(there.commits).toEqual(here.commits.map((one) => ({ ...one, at: one.at + 100 * DAY_MS })))
    expect(there.pullRequests.length).toBe(here.pullRequests.length)
  })

  it('has no other repository', async () => {
    const source = await createHistorySource(0)
    await expect(source.read('printverse/lost', SEED_TODAY + HOUR_MS, signal)).rejects.toThrow('printverse/lost was not found')
  })
})
