/** Links between pages: the file is there, and so is the heading. Links to the web are only checked for their form. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Finding } from '../findings.ts'
import { show } from '../workspace.ts'
import type { Page } from './markdown.ts'

/** Dead links of all pages. `root` is what a link may not leave. */
export function findDeadLinks(pages: ReadonlyMap<string, Page>, root: string): readonly Finding[] {
  return [...pages].flatMap(([file, page]) =>
    page.links.flatMap(({ target, line }): readonly Finding[] => {
      const message = judgeLink(file, target, { pages, root })
      return message === null ? [] : [{ rule: 'link', severity: 'error', file, line, message }]
    }),
  )
}

/** Pages that comments in sources name (`docs/errors.md`) and that are not there. */
export function findDeadMentions(file: string, text: string, root: string): readonly Finding[] {
  return [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)]
    .filter((match) => !existsSync(join(root, match[0])))
    .map((match) => {
      const line = text.slice(0, match.index).split('\n').length
      return { rule: 'mention', severity: 'error', file, line, message: `There is no ${match[0]}.` }
    })
}

function judgeLink(
  from: string,
  target: string,
  facts: { readonly pages: ReadonlyMap<string, Page>; readonly root: string },
): string | null {
  if (/^[a-z]+:/.test(target))
    return /^(?:https:\/\/\S+\.\S+|http:\/\/(?:localhost|127\.0\.0\.1)\S*|mailto:\S+@\S+)$/.test(target)
      ? null
      : `"${target}" is not an https address.`
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from : resolve(dirname(from), decodeURIComponent(path))
  if (!file.startsWith(facts.root)) return `"${target}" leaves the repository.`
  if (!facts.pages.has(file) && !existsSync(file)) return `"${target}": there is no ${show(file)}.`
  if (anchor === undefined) return null
  const page = facts.pages.get(file) ?? facts.pages.get(join(file, 'README.md'))
  if (page === undefined) return file.endsWith('.md') ? `"${target}": ${show(file)} is not among the pages.` : null
  return page.headings.some((heading) => heading.anchor === anchor) ? null : `"${target}": ${show(file)} has no heading with that anchor.`
}
