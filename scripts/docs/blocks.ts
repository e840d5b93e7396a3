/** The `ts` blocks of pages and doc comments, as modules that can be compiled and run. */
import { basename, join } from 'node:path'
import ts from 'typescript'
import type { Finding } from '../findings.ts'
import type { Fence, Page } from './markdown.ts'
import { parsePage } from './markdown.ts'

/** A block as a module. */
export interface Block {
  /** Page or source that holds it. */
  readonly file: string
  /** Line of its first line there. */
  readonly line: number
  /** Where it pretends to be. */
  readonly path: string
  readonly code: string
  /** Lines of the prelude before it. */
  readonly offset: number
  readonly isRun: boolean
  /** Asserted output, from a fence ```` ```text output ```` right after a block marked `run`. */
  readonly output: string | null
}

/** The words that may stand behind `ts` in a fence. */
const WORDS: ReadonlySet<string> = new Set(['run'])

/** Blocks of a page. `dir` is where they pretend to be: it decides what they can import. */
export function listPageBlocks(file: string, page: Page, dir: string): readonly Block[] {
  return page.fences.flatMap((fence, index) => {
    if (fence.language !== 'ts' && fence.language !== 'typescript') return []
    const next = page.fences[index + 1]
    const isRun = fence.words.includes('run')
    const output = isRun && next?.words.includes('output') ? next.code : null
    return [toBlock(file, fence, { dir, index, prelude: page.prelude, isRun, output })]
  })
}

/** Blocks of the doc comments of a source. */
export function listCommentBlocks(file: string, text: string, dir: string): readonly Block[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment, index) => {
    const above = text.slice(0, comment.index).split('\n').length - 1
    const page = parsePage(
      comment[0]
        .split('\n')
        .map((line) => line.replace(/^\s*\* ?/, ''))
        .join('\n'),
    )
    return listPageBlocks(file, page, dir).map((block) => ({
      ...block,
      line: block.line + above,
      path: block.path.replace(/\.ts$/, `-${index}.ts`),
    }))
  })
}

/** Fences whose words mean nothing: a block that asks not to be checked is one that will rot. */
export function findOddFences(file: string, page: Page): readonly Finding[] {
  return page.fences
    .filter((fence) => fence.language === 'ts' && fence.words.some((word) => !WORDS.has(word)))
    .map((fence) => ({
      rule: 'fence',
      severity: 'error',
      file,
      line: fence.line - 1,
      message: `"${fence.words.join(' ')}" means nothing here. Use "ts" or "ts run".`,
    }))
}

/** Type errors of the blocks, at their lines in the page. */
export function findTypeErrors(blocks: readonly Block[], options: ts.CompilerOptions): readonly Finding[] {
  const byPath = new Map(blocks.map((block) => [block.path, block]))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (path) => byPath.has(path) || fileExists(path)
  host.readFile = (path) => byPath.get(path)?.code ?? readFile(path)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (path, ...rest) => {
    const block = byPath.get(path)
    return block === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, block.code, rest[0], true)
  }
  const program = ts.createProgram([...byPath.keys()], options, host)
  return blocks.flatMap((block) => {
    const source = program.getSourceFile(block.path)
    if (source === undefined) return []
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((diagnostic): Finding => {
      const line = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line - block.offset
      const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')
      return { rule: 'block', severity: 'error', file: block.file, line: block.line + Math.max(0, line), message }
    })
  })
}

function toBlock(
  file: string,
  fence: Fence,
  facts: {
    readonly dir: string
    readonly index: number
    readonly prelude: string
    readonly isRun: boolean
    readonly output: string | null
  },
): Block {
  const prelude = /^\s*import\s/m.test(fence.code) ? '' : facts.prelude
  return {
    file,
    line: fence.line,
    path: join(facts.dir, `${basename(file).replace(/\W+/g, '-')}-${fence.line}-${facts.index}.ts`),
    code: `${prelude}${fence.code}\n`,
    offset: prelude.split('\n').length - 1,
    isRun: facts.isRun,
    output: facts.output,
  }
}
