/** Where a fix would begin: the file whose description is nearest to the reports. */
import { cosine, embed } from '../clusters/embed.ts'

export interface MappedFile {
  readonly path: string
  readonly about: string
}

export interface FixPlan {
  readonly path: string
  readonly similarity: number
  readonly branch: string
  readonly prNumber: number
}

/** Below it, no file has anything to do with the reports. */
const THRESHOLD = 0.2

/** The same reports have the same plan. Null when no file is near enough. */
export function planFix(
  files: readonly MappedFile[],
  task: { readonly jobId: string; readonly title: string; readonly reports: readonly string[] },
): FixPlan | null {
  const wanted = embed([task.title, ...task.reports].join('\n'))
  const [best] = files
    .map(({ path, about }) => ({ path, similarity: cosine(wanted, embed(about)) }))
    .sort((a, b) => b.similarity - a.similarity || (a.path < b.path ? -1 : 1))
  if (best === undefined || best.similarity < THRESHOLD) return null
  const slug = task.title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40)
  const mark = task.jobId.slice(0, 8)
  return { ...best, branch: `fix/${slug}-${mark}`, prNumber: (Number.parseInt(mark, 16) % 9_000) + 1_000 }
}
