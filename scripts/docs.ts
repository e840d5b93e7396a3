/** Docs that hold: links lead somewhere, the index names every page, some page every exported value, every `ts` block compiles, every block marked `run` does what it says, every command is one, data parses, and Postgres takes the SQL. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { findOddFences, findTypeErrors, listCommentBlocks, listPageBlocks } from './docs/blocks.ts'
import { findDeadCommands, listCommands, scriptsOf } from './docs/commands.ts'
import { findBrokenData } from './docs/data.ts'
import { findUntoldExports, isEntry } from './docs/exports.ts'
import { findDeadLinks, findDeadMentions } from './docs/links.ts'
import { parsePage } from './docs/markdown.ts'
import { findLostPages } from './docs/navigation.ts'
import { refuseCli } from './docs/refuse-cli.ts'
import { runBlock } from './docs/run-block.ts'
import { findDeadSql } from './docs/sql.ts'
import { conclude, type Finding } from './findings.ts'
import { listFiles, ROOT } from './workspace.ts'

/** Pages that the rest of the repository counts on. */
const EXPECTED = [
  'README.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  'packages/core/README.md',
  'docs/architecture.md',
  'docs/glossary.md',
  'docs/run-states.md',
  'docs/errors.md',
  'docs/events.md',
  'docs/time-and-clocks.md',
  'docs/writing-a-store.md',
]

// Outside node_modules, where Node strips no types.
const scratch = join(ROOT, '.tmp', 'docs')
rmSync(scratch, { recursive: true, force: true })

// The API reference is generated from doc comments, whose blocks are read below.
const files = listFiles('*.md', 'docs/**/*.md', 'packages/*/*.md', 'examples/*/*.md', 'bench/*.md').filter(
  (file) => !file.startsWith(join(ROOT, 'docs', 'api')),
)
const pages = new Map(files.map((file) => [file, parsePage(readFileSync(file, 'utf8'))]))
const sources = new Map(listFiles('packages/*/src/**/*.ts').map((file) => [file, readFileSync(file, 'utf8')]))
const blocks = [
  ...[...pages].flatMap(([file, page]) => listPageBlocks(file, page, scratch)),
  ...[...sources].flatMap(([file, text]) => listCommentBlocks(file, text, scratch)),
]

// What a decision mentions is not thereby explained.
const told = [...pages.keys()]
  .filter((file) => file.startsWith(join(ROOT, 'docs')) && !file.startsWith(join(ROOT, 'docs', 'decisions')))
  .map((file) => readFileSync(file, 'utf8'))

const index = join(ROOT, 'docs', 'README.md')
const missing = EXPECTED.filter((path) => !existsSync(join(ROOT, path))).map(
  (path): Finding => ({ rule: 'page', severity: 'error', file: join(ROOT, path), line: 0, message: 'The page is missing.' }),
)
const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT)
const typeErrors = findTypeErrors(blocks, { ...options, moduleDetection: ts.ModuleDetectionKind.Force })

const packages = listFiles(
  'packages/*/package.json',
  'examples/*/package.json',
  'bench/package.json',
  'fault-kit/package.json',
  'site/package.json',
).flatMap((path) => scriptsOf(path) ?? [])
const scripts = new Map([
  ...packages.map((one) => [one.name, one.scripts] as const),
  ['', scriptsOf(join(ROOT, 'package.json'))?.scripts ?? new Set<string>()],
])
const commandErrors: Finding[] = []
let commandCount = 0
for (const [file, page] of pages) {
  const commands = listCommands(page, readFileSync(file, 'utf8'))
  commandCount += commands.length
  commandErrors.push(...findBrokenData(file, page), ...(await findDeadCommands(file, commands, { root: ROOT, scripts, refuseCli })))
}

const runErrors: Finding[] = []
const runnable = blocks.filter((block) => block.isRun)
for (const block of runnable) runErrors.push(...(await runBlock(block)))
rmSync(scratch, { recursive: true, force: true })
const sql = await findDeadSql(pages)

conclude(
  [
    ...missing,
    ...findLostPages(index, readFileSync(index, 'utf8'), files),
    ...findUntoldExports(new Map([...sources].filter(([file]) => isEntry(file))), told),
    ...findDeadLinks(pages, ROOT),
    ...[...sources].flatMap(([file, text]) => findDeadMentions(file, text, ROOT)),
    ...[...pages].flatMap(([file, page]) => findOddFences(file, page)),
    ...commandErrors,
    ...typeErrors,
    ...runErrors,
    ...sql.findings,
  ],
  `${pages.size} pages, ${blocks.length} blocks compiled, ${runnable.length} run, ${commandCount} commands parsed, ${sql.count} statements prepared`,
)
