/** Links as the pages write them, for files, turned into links for the site. */
import { statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { ROOT } from '../../scripts/workspace.ts'
import { DOCS_DIR, REF, REPOSITORY } from './settings.ts'

/** What a link to a file means on the site: a page stays a page, everything else is a file of the repository. */
export function toSiteLink(fromFile: string, href: string): string {
  if (href.startsWith('#') || /^[a-z][a-z+.-]*:/.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const file = resolve(dirname(fromFile), decodeURIComponent(path))
  const hash = anchor === undefined ? '' : `#${anchor}`
  if (!file.startsWith(DOCS_DIR + sep) || !file.endsWith('.md')) return `${toRepositoryUrl(file)}${hash}`
  const page = basename(file) === 'README.md' ? join(dirname(file), 'index.md') : file
  return `/${relative(DOCS_DIR, page).split(sep).join('/')}${hash}`
}

/** Where the repository shows a file or a folder. */
export function toRepositoryUrl(file: string): string {
  const kind = statSync(file).isDirectory() ? 'tree' : 'blob'
  return `${REPOSITORY}/${kind}/${REF}/${relative(ROOT, file).split(sep).join('/')}`
}

/** Rewrites the links of each page before VitePress looks at them. */
export function rewriteLinks(md: MarkdownRenderer): void {
  md.core.ruler.push('quarterjack-links', (state) => {
    const file = (state.env as { readonly realPath?: string; readonly path: string }).realPath ?? state.env.path
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href !== null) token.attrSet('href', toSiteLink(file, href))
    }
  })
}
