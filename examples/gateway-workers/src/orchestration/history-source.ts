/** Repositories from the file that comes with the example. What lies in the future is not told yet, so that days bring news. */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import type { Commit, Issue, Milestone, PullRequest, Release, Repository, RepositorySource } from './repository.ts'

/** The history that comes with the example. */
export const SHIPPED_HISTORY: URL = new URL('../../data/repositories.jsonl', import.meta.url)

const instant = z.iso.datetime().transform((text) => Date.parse(text))
const number = z.int().min(1)

const recordSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    repository: z.string(),
    kind: z.literal('commit'),
    sha: z.string(),
    at: instant,
    author: z.string(),
    message: z.string(),
    files: z.array(z.string()),
  }),
  z.strictObject({
    repository: z.string(),
    kind: z.literal('issue'),
    number,
    title: z.string(),
    labels: z.array(z.string()),
    openedAt: instant,
    touchedAt: z.array(instant),
    closedAt: instant.nullable(),
  }),
  z.strictObject({
    repository: z.string(),
    kind: z.literal('pr'),
    number,
    title: z.string(),
    isDraft: z.boolean(),
    openedAt: instant,
    touchedAt: z.array(instant),
    reviewedAt: z.array(instant),
    mergedAt: instant.nullable(),
    closedAt: instant.nullable(),
  }),
  z.strictObject({ repository: z.string(), kind: z.literal('release'), tag: z.string(), at: instant, isPrerelease: z.boolean() }),
  z.strictObject({ repository: z.string(), kind: z.literal('milestone'), title: z.string(), closedAt: instant }),
])

/** One line of the file. */
export type HistoryRecord = z.output<typeof recordSchema>
/** As it is written. */
export type HistoryLine = z.input<typeof recordSchema>

/** Reads the file once. `shiftMs` moves its instants, as those of the seeded rows were moved. */
export async function createHistorySource(shiftMs: number, file: string | URL = SHIPPED_HISTORY): Promise<RepositorySource> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  const records = lines.map((line) => recordSchema.parse(JSON.parse(line)))
  const repositories = Map.groupBy(records, ({ repository }) => repository)
  return {
    async read(name, at) {
      const own = repositories.get(name)
      if (own === undefined) throw new Error(`The repository ${name} was not found. Was it renamed?`)
      return asOf(own, at, shiftMs)
    },
  }
}

function asOf(records: readonly HistoryRecord[], now: number, shiftMs: number): Repository {
  const seen = (at: number | null): number | null => (at === null || at + shiftMs > now ? null : at + shiftMs)
  const latest = (instants: readonly (number | null)[]): number => Math.max(...instants.map((at) => seen(at) ?? 0))
  const commits: Commit[] = []
  const issues: Issue[] = []
  const pullRequests: PullRequest[] = []
  const releases: Release[] = []
  const milestones: Milestone[] = []
  for (const record of records) {
    const at = seen('at' in record ? record.at : 'openedAt' in record ? record.openedAt : record.closedAt)
    if (at === null) continue
    if (record.kind === 'commit') {
      const { sha, author, message, files } = record
      commits.push({ sha, at, author, message, files })
    } else if (record.kind === 'issue') {
      const { number: own, title, labels, openedAt, touchedAt, closedAt } = record
      issues.push({
        number: own,
        title,
        labels,
        openedAt: at,
        updatedAt: latest([openedAt, ...touchedAt, closedAt]),
        closedAt: seen(closedAt),
      })
    } else if (record.kind === 'pr') {
      const { number: own, title, isDraft, openedAt, touchedAt, reviewedAt, mergedAt, closedAt } = record
      pullRequests.push({
        number: own,
        title,
        isDraft,
        openedAt: at,
        updatedAt: latest([openedAt, ...touchedAt, ...reviewedAt, mergedAt, closedAt]),
        mergedAt: seen(mergedAt),
        closedAt: seen(closedAt),
        reviews: reviewedAt.filter((one) => seen(one) !== null).length,
      })
    } else if (record.kind === 'release') releases.push({ tag: record.tag, at, isPrerelease: record.isPrerelease })
    else milestones.push({ title: record.title, closedAt: at })
  }
  return { commits, issues, pullRequests, releases, milestones }
}
