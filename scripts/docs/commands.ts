/** Commands in shell blocks that hold: scripts of pnpm that are there, files that `node` runs, commands and flags that the CLI knows. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Finding } from '../findings.ts'
import type { Page } from './markdown.ts'

/** A command as it is typed, without what a shell does first. */
export interface ShellCommand {
  readonly words: readonly string[]
  readonly line: number
}

/** What commands are judged by. */
export interface CommandFacts {
  readonly root: string
  /** Scripts of the workspace's packages by name; the root has the name `''`. */
  readonly scripts: ReadonlyMap<string, ReadonlySet<string>>
  /** What the CLI says against these words; null: it takes them. */
  readonly refuseCli: (words: readonly string[]) => Promise<string | null>
}

/** What pnpm does without a script. */
const BUILT_IN = new Set(['add', 'dlx', 'exec', 'install', 'pack', 'publish'])
/** The service of the reader, whose CLI is `runCli`. */
const SERVICE = [['node', 'dist/main.js'], ['my-service']]
/** What follows these is a folder, be it called as the service is. */
const FOLDERS = new Set(['cd', 'mkdir'])

/** Commands of `sh` blocks, those after a `$` in `console` blocks, and lists in others; of prose, what is called `my-service`. */
export function listCommands(page: Page, text: string): readonly ShellCommand[] {
  // As Dockerfiles and manifests write them: ["node", "dist/main.js", "tick"].
  const listed = page.fences
    .filter(({ language }) => language === 'yaml' || language === 'dockerfile')
    .flatMap(({ code, line }) =>
      code.split('\n').flatMap((one, index) => {
        const [, list] = /\[("?node\b.*)\]/.exec(one) ?? []
        return list === undefined ? [] : [{ words: list.split(',').map((word) => word.trim().replaceAll('"', '')), line: line + index }]
      }),
    )
  const typed = page.fences.flatMap(({ language, code, line }) =>
    language !== 'sh' && language !== 'console'
      ? []
      : code.split('\n').flatMap((one, index) => {
          if (language === 'sh') return [{ text: one, line: line + index }]
          return one.startsWith('$ ') ? [{ text: one.slice(2), line: line + index }] : []
        }),
  )
  const mentioned = text
    .split('\n')
    .flatMap((one, index) => [...one.matchAll(/`(my-service [^`…]+)`/g)].map((match) => ({ text: match[1] ?? '', line: index + 1 })))
  const said = [...typed, ...mentioned].flatMap(({ text: one, line }) =>
    one.split(/ && | \| |; /).map((part) => ({ words: wordsOf(part), line })),
  )
  return [...said, ...listed]
}

/** Every command of a page that does not hold. */
export async function findDeadCommands(file: string, commands: readonly ShellCommand[], facts: CommandFacts): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { words, line } of commands) {
    const message = await judge(words, file, facts)
    if (message !== null) findings.push({ rule: 'command', severity: 'error', file, line, message })
  }
  return findings
}

async function judge(words: readonly string[], file: string, facts: CommandFacts): Promise<string | null> {
  if (FOLDERS.has(words[0] ?? '')) return null
  const service = SERVICE.find((name) => indexOf(words, name) >= 0)
  if (service !== undefined) return facts.refuseCli(words.slice(indexOf(words, service) + service.length))
  const pnpm = words.findIndex((word) => /^pnpm(?:@\d+)?$/.test(word))
  if (pnpm === 0 || (pnpm > 0 && words[0] === 'npx')) return judgePnpm(words.slice(pnpm + 1), file, facts)
  const [program = ''] = words
  const path =
    program === 'node' ? words.slice(1).find((word) => !word.startsWith('-')) : /^\.?[\w-]+\//.test(program) ? program : undefined
  return path === undefined || isThere(path, file, facts) ? null : `There is no ${path}.`
}

function indexOf(words: readonly string[], name: readonly string[]): number {
  return words.findIndex((_, at) => name.every((word, offset) => words[at + offset] === word))
}

function isThere(path: string, file: string, { root }: CommandFacts): boolean {
  return existsSync(join(root, path)) || existsSync(join(dirname(file), path))
}

function judgePnpm(words: readonly string[], file: string, { root, scripts }: CommandFacts): string | null {
  const isFiltered = words[0] === '--filter'
  const script = words[isFiltered ? 2 : 0] ?? ''
  if (BUILT_IN.has(script)) return null
  if (isFiltered) {
    const name = words[1] ?? ''
    // As pnpm does, a name without a scope stands for one with it.
    const known = scripts.get(name) ?? [...scripts].find(([full]) => full.endsWith(`/${name}`))?.[1]
    if (known === undefined) return `There is no package ${name}.`
    return known.has(script) ? null : `Package ${name} has no script "${script}".`
  }
  // On the page of an example one stands in its folder.
  const beside = dirname(file) === root ? undefined : scriptsOf(join(dirname(file), 'package.json'))?.scripts
  return scripts.get('')?.has(script) || beside?.has(script) ? null : `There is no script "${script}".`
}

/** Name and scripts of a package; null where there is none. */
export function scriptsOf(path: string): { readonly name: string; readonly scripts: ReadonlySet<string> } | null {
  if (!existsSync(path)) return null
  const { name = '', scripts = {} } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; scripts?: Record<string, string> }
  return { name, scripts: new Set(Object.keys(scripts)) }
}

/** Without comment and assignments; quotes keep words together. */
function wordsOf(text: string): readonly string[] {
  const typed = [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word)
  const comment = typed.findIndex((word) => word.startsWith('#'))
  const words = (comment < 0 ? typed : typed.slice(0, comment)).map((word) => word.replace(/["']/g, ''))
  const first = words.findIndex((word) => !/^(?:export|[A-Z_]+=.*)$/.test(word))
  return first < 0 ? [] : words.slice(first)
}
