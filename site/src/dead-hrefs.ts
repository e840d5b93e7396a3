/** Links of the built site that lead nowhere, anchors included: what readers click on, not what was written. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Finding } from '../../scripts/findings.ts'

/** What was looked at, and what is wrong with it. */
export interface HrefReport {
  readonly pages: number
  readonly hrefs: number
  readonly findings: readonly Finding[]
}

interface BuiltPage {
  readonly file: string
  readonly ids: ReadonlySet<string>
  readonly hrefs: readonly string[]
}

/** Looks at every page in `dir`, whose addresses begin with `base`. */
export function findDeadHrefs(dir: string, base: string): HrefReport {
  const pages = new Map(globSync('**/*.html', { cwd: dir }).map((path) => [toAddress(path), readPage(join(dir, path))]))
  // What every page has beside it is told once.
  const found = new Map<string, Finding>()
  for (const [address, page] of pages) {
    for (const href of page.hrefs) {
      const message = judge(href, { address, base, dir, pages })
      if (message !== null && !found.has(message))
        found.set(message, { rule: 'href', severity: 'error', file: page.file, line: 0, message })
    }
  }
  return { pages: pages.size, hrefs: [...pages.values()].reduce((sum, { hrefs }) => sum + hrefs.length, 0), findings: [...found.values()] }
}

function judge(
  href: string,
  facts: { readonly address: string; readonly base: string; readonly dir: string; readonly pages: ReadonlyMap<string, BuiltPage> },
): string | null {
  const url = new URL(href, `http://site${facts.base}${facts.address}`)
  if (url.host !== 'site') return null
  if (!url.pathname.startsWith(facts.base)) return `"${href}" does not begin with ${facts.base}.`
  const path = decodeURIComponent(url.pathname.slice(facts.base.length))
  const page = facts.pages.get(path.replace(/\.html$/, ''))
  if (page === undefined) {
    const file = join(facts.dir, path)
    return existsSync(file) && statSync(file).isFile() ? null : `"${href}": the site has no such page.`
  }
  const id = decodeURIComponent(url.hash.slice(1))
  return id === '' || page.ids.has(id) ? null : `"${href}": that page has no such anchor.`
}

function readPage(file: string): BuiltPage {
  const html = readFileSync(file, 'utf8')
  const values = (name: string): readonly string[] =>
    [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map((match) => decodeEntities(match[1] ?? ''))
  return { file, ids: new Set(values('id')), hrefs: [...new Set(values('href'))] }
}

/** `a/index.html` is at `a/`, `a/b.html` at `a/b`. */
function toAddress(path: string): string {
  return path
    .split(sep)
    .join('/')
    .replace(/(?:^|(?<=\/))index\.html$|\.html$/, '')
}

function decodeEntities(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
