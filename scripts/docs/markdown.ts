/** What the checks read out of a Markdown page: fences, headings, links. */

/** A fenced block. */
export interface Fence {
  /** First word after the backticks, lower case; `''` for none. */
  readonly language: string
  /** The other words. */
  readonly words: readonly string[]
  readonly code: string
  /** Line of the first line of code, from 1. */
  readonly line: number
}

/** A heading outside fences. */
export interface Heading {
  readonly level: number
  /** As written, without backticks. */
  readonly text: string
  readonly anchor: string
  readonly line: number
}

/** A link or image outside fences and code spans. */
export interface Link {
  readonly target: string
  readonly line: number
}

/** A page, read once. */
export interface Page {
  readonly fences: readonly Fence[]
  readonly headings: readonly Heading[]
  readonly links: readonly Link[]
  /** Code of `<!-- prelude … -->`: put before each `ts` block that has no import of its own. */
  readonly prelude: string
  /** SQL of `<!-- tables … -->`: the reader's own, that `sql` blocks speak of. */
  readonly tables: string
  /** First cells of table rows, without backticks. */
  readonly firstCells: readonly string[]
}

/** Reads a page. */
export function parsePage(text: string): Page {
  const lines = text.split('\n')
  const { fences, prose } = splitFences(lines)
  const anchors = new Map<string, number>()
  const headings = prose.flatMap((line, index): readonly Heading[] => {
    const match = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)
    if (match === null) return []
    const heading = (match[2] ?? '').replaceAll('`', '')
    return [{ level: (match[1] ?? '').length, text: heading, anchor: uniqueAnchor(heading, anchors), line: index + 1 }]
  })
  const links = prose.flatMap((line, index) => listTargets(line).map((target) => ({ target, line: index + 1 })))
  const hidden = (kind: string): string =>
    [...text.matchAll(new RegExp(`^<!--\\s*${kind}\\n([\\s\\S]*?)^-->`, 'gm'))].map((match) => match[1] ?? '').join('')
  const firstCells = prose.flatMap((line) => {
    const match = /^\|\s*([^|]+?)\s*\|/.exec(line)
    return match === null ? [] : [(match[1] ?? '').replaceAll('`', '')]
  })
  return { fences, headings, links, prelude: hidden('prelude'), tables: hidden('tables'), firstCells }
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

function uniqueAnchor(heading: string, seen: Map<string, number>): string {
  const anchor = anchorOf(heading)
  const count = seen.get(anchor) ?? 0
  seen.set(anchor, count + 1)
  return count === 0 ? anchor : `${anchor}-${count}`
}

/** Fences, and the lines with fences and comments blanked so that line numbers stay true. */
function splitFences(lines: readonly string[]): { readonly fences: readonly Fence[]; readonly prose: readonly string[] } {
  const fences: Fence[] = []
  const prose: string[] = []
  let open: { marker: string; indent: number; info: string; start: number; code: string[] } | null = null
  let isComment = false
  for (const [index, line] of lines.entries()) {
    if (open !== null) {
      prose.push('')
      if (line.trim() === open.marker) {
        const [language = '', ...words] = open.info.split(/\s+/)
        fences.push({ language: language.toLowerCase(), words, code: open.code.join('\n'), line: open.start })
        open = null
      } else {
        open.code.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)))
      }
      continue
    }
    if (!isComment && line.trimStart().startsWith('<!--')) isComment = true
    if (isComment) {
      prose.push('')
      if (line.includes('-->')) isComment = false
      continue
    }
    const match = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line)
    if (match === null) {
      prose.push(line)
      continue
    }
    open = { marker: match[2] ?? '', indent: (match[1] ?? '').length, info: (match[3] ?? '').trim(), start: index + 2, code: [] }
    prose.push('')
  }
  return { fences, prose }
}

function listTargets(line: string): readonly string[] {
  const text = line.replace(/`[^`]*`/g, '')
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => match[1] ?? '')
  const references = [...text.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)].map((match) => match[1] ?? '')
  const attributes = [...text.matchAll(/\b(?:href|src)="([^"]+)"/g)].map((match) => match[1] ?? '')
  return [...inline, ...references, ...attributes]
}
