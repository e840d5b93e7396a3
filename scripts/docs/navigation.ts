/** The order of the pages: read out of the tables of `docs/README.md`, which is the index for readers, too. */
import { dirname, join, relative, sep } from 'node:path'
import type { Finding } from '../findings.ts'

/** Pages under one heading of the index. */
export interface NavigationGroup {
  readonly title: string
  readonly items: readonly NavigationItem[]
}

/** A page as the index names it. */
export interface NavigationItem {
  readonly title: string
  /** As written: relative to the index. */
  readonly target: string
}

/** Where decision records stand, relative to the index. */
const DECISIONS = 'decisions/'

/** First link of each table row, by heading; then the decisions, which the index only lists. */
export function readNavigation(index: string): readonly NavigationGroup[] {
  const groups: { readonly title: string; readonly items: NavigationItem[] }[] = []
  const decisions: NavigationItem[] = []
  for (const line of index.split('\n')) {
    const heading = /^##\s+(.*?)\s*$/.exec(line)?.[1]
    if (heading !== undefined) groups.push({ title: heading, items: [] })
    const row = /^\|\s*\[([^\]]+)\]\(([^)]+)\)/.exec(line)
    if (row !== null) groups.at(-1)?.items.push({ title: row[1] ?? '', target: row[2] ?? '' })
    for (const [, title = '', target = ''] of line.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)) {
      if (row === null && target.startsWith(DECISIONS)) decisions.push({ title, target })
    }
  }
  return [...groups, { title: 'Decisions', items: decisions }].filter(({ items }) => items.length > 0)
}

/** Pages beside or below the index that it does not name: nobody would find them. */
export function findLostPages(indexFile: string, index: string, files: readonly string[]): readonly Finding[] {
  const dir = dirname(indexFile)
  const named = new Set(readNavigation(index).flatMap(({ items }) => items.map(({ target }) => join(dir, target.split('#')[0] ?? ''))))
  return files
    .filter((file) => file !== indexFile && file.startsWith(dir + sep) && !named.has(file))
    .map((file) => ({
      rule: 'navigation',
      severity: 'error',
      file,
      line: 0,
      message: `No table of ${relative(dirname(dir), indexFile)} begins a row with a link to this page (decisions: no list).`,
    }))
}
