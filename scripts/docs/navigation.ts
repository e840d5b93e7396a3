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
  /** Pages in the same folder, of an item that is a folder's own page; the row names them after it. */
  readonly items?: readonly NavigationItem[]
}

/** Where decision records stand, relative to the index. */
const DECISIONS = 'decisions/'

/** First link of each table row, by heading, with what stands below it; then the decisions, which the index only lists. */
export function readNavigation(index: string): readonly NavigationGroup[] {
  const groups: { readonly title: string; readonly items: NavigationItem[] }[] = []
  const decisions: NavigationItem[] = []
  for (const line of index.split('\n')) {
    const heading = /^##\s+(.*?)\s*$/.exec(line)?.[1]
    if (heading !== undefined) groups.push({ title: heading, items: [] })
    const links = [...line.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, title = '', target = '']) => ({ title, target }))
    const [first, ...rest] = links
    if (first !== undefined && /^\|\s*\[/.test(line)) groups.at(-1)?.items.push(withBelow(first, rest))
    else decisions.push(...links.filter(({ target }) => target.startsWith(DECISIONS)))
  }
  return [...groups, { title: 'Decisions', items: decisions }].filter(({ items }) => items.length > 0)
}

/** Pages beside or below the index that it does not name: nobody would find them. */
export function findLostPages(indexFile: string, index: string, files: readonly string[]): readonly Finding[] {
  const dir = dirname(indexFile)
  const items = readNavigation(index).flatMap((group) => group.items.flatMap((item) => [item, ...(item.items ?? [])]))
  const named = new Set(items.map(({ target }) => join(dir, target.split('#')[0] ?? '')))
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

function withBelow(item: NavigationItem, links: readonly NavigationItem[]): NavigationItem {
  const folder = /^(.+\/)README\.md$/.exec(item.target)?.[1]
  const items = folder === undefined ? [] : links.filter(({ target }) => target.startsWith(folder))
  return items.length === 0 ? item : { ...item, items }
}
