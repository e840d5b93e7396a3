/** The first steps of `docs/getting-started.md`, as a newcomer takes them: a fresh folder, the packed packages, one file after the other. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { parsePage } from '../docs/markdown.ts'
import { matchesOutput } from '../docs/run-block.ts'
import type { Finding } from '../findings.ts'
import { runCommand } from '../run-command.ts'
import type { Tarball } from './pack.ts'

/** A file that the page has its reader save and start. */
export interface QuickStartStep {
  readonly file: string
  readonly code: string
  /** What it must print; `null` when the page does not say. */
  readonly output: string | null
  /** Line in the page. */
  readonly line: number
}

/** What the page has its reader do: the commands that prepare the folder, then the files. */
export interface QuickStart {
  readonly commands: string
  readonly steps: readonly QuickStartStep[]
}

/** Most time a step may take, the first start of PGlite on a busy machine included. */
const STEP_TIMEOUT_MS = 90_000

/** Reads the page. Steps are the blocks that begin with the name of a file: `// hello.js`. */
export function readQuickStart(text: string): QuickStart {
  const { fences } = parsePage(text)
  const commands = fences.find(({ language, code }) => language === 'sh' && code.includes('npm init'))?.code ?? ''
  const steps = fences.flatMap(({ code, line, words }, index): readonly QuickStartStep[] => {
    const file = /^\/\/ (\S+\.js)\n/.exec(code)?.[1]
    const next = fences[index + 1]
    if (file === undefined || !words.includes('run')) return []
    return [{ file, code, line, output: next?.words.includes('output') === true ? next.code : null }]
  })
  return { commands, steps }
}

/** Takes all steps on each Node, and the first one on a Node that is too old, which must say so. */
export async function takeQuickStart(
  page: string,
  facts: { readonly tarballs: readonly Tarball[]; readonly nodePaths: readonly string[]; readonly oldNodePath: string | null },
): Promise<readonly Finding[]> {
  const { commands, steps } = readQuickStart(readFileSync(page, 'utf8'))
  const fault = (line: number, message: string): Finding => ({ rule: 'quick-start', severity: 'error', file: page, line, message })
  const [first] = steps
  if (commands === '' || first === undefined)
    return [fault(0, 'The page has no commands with "npm init", or no block that begins with "// name.js".')]

  const home = mkdtempSync(join(tmpdir(), 'quarterjack-quick-start-'))
  try {
    mkdirSync(join(home, 'quarterjack'))
    for (const { path } of facts.tarballs) cpSync(path, join(home, 'quarterjack', basename(path)))
    const env = {
      ...process.env,
      HOME: home,
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
      npm_config_cache: await readNpmCache(),
    }
    const prepared = await runCommand('sh', ['-ec', `${commands}\npwd`], { cwd: home, env })
    if (prepared.code !== 0) return [fault(0, `The commands ended with code ${prepared.code}:\n${prepared.output}`)]
    const folder = prepared.stdout.trim().split('\n').at(-1) ?? home

    const findings: Finding[] = []
    for (const [index, nodePath] of facts.nodePaths.entries()) {
      for (const step of steps) {
        const problem = await takeStep(join(folder, `${index}`, step.file), nodePath, step)
        if (problem !== null) findings.push(fault(step.line, `${step.file} ${problem}`))
      }
    }
    if (facts.oldNodePath !== null) {
      const path = writeStep(join(folder, 'old', first.file), first)
      const { code, output } = await runCommand(facts.oldNodePath, [path], { cwd: dirname(path), timeoutMs: STEP_TIMEOUT_MS })
      if (code === 0 || !output.includes('Quarterjack needs Node ≥ ')) {
        findings.push(fault(first.line, `On an old Node, ${first.file} ended with code ${code} without saying which is needed:\n${output}`))
      }
    }
    return findings
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function takeStep(path: string, nodePath: string, step: QuickStartStep): Promise<string | null> {
  writeStep(path, step)
  const { code, stdout, output } = await runCommand(nodePath, [basename(path)], { cwd: dirname(path), timeoutMs: STEP_TIMEOUT_MS })
  if (code !== 0) return `ended with code ${code}:\n${output}`
  return step.output === null || matchesOutput(stdout, step.output) ? null : `printed:\n${stdout}instead of:\n${step.output}`
}

function writeStep(path: string, step: QuickStartStep): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, step.code)
  return path
}

/** The cache that npm uses without the page's folder in the place of the home. */
async function readNpmCache(): Promise<string> {
  return (await runCommand('npm', ['config', 'get', 'cache'])).stdout.trim()
}
