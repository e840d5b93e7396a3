/**
 * Everything that must hold before a change is merged, beside the tests: checks of one verb each, cheap ones first.
 * `pnpm check`, `pnpm check --only shape,types`, `pnpm check --skip tarballs`, `pnpm check --bail`.
 */
import { parseArgs } from 'node:util'
import { runCommand } from './run-command.ts'
import { ROOT, readManifest } from './workspace.ts'

/** A check: `pnpm check:<name>` alone, unless `script` says otherwise. */
interface Check {
  readonly name: string
  readonly says: string
  readonly script?: string
  readonly needs?: 'build'
}

const CHECKS: readonly Check[] = [
  { name: 'format', says: 'files are formatted' },
  { name: 'lint', says: 'no suspicious code' },
  { name: 'drift', says: 'docs name what code defines' },
  { name: 'shape', says: 'layers, cycles, clock seam, any' },
  { name: 'types', says: 'everything compiles, type tests included' },
  { name: 'unused', says: 'no unused file, export or dependency' },
  { name: 'docs', says: 'links lead, blocks compile and run' },
  { name: 'site', says: 'the site builds, no link or anchor is dead' },
  { name: 'build', says: 'the packages build', script: 'build' },
  { name: 'api', says: 'the public API is the committed one', needs: 'build' },
  { name: 'size', says: 'bundles stay below their ceilings', needs: 'build' },
  { name: 'typescripts', says: 'declarations work in old and new TypeScript', needs: 'build' },
  { name: 'tarballs', says: 'packages install and load', needs: 'build' },
]

const { values } = parseArgs({ options: { only: { type: 'string' }, skip: { type: 'string' }, bail: { type: 'boolean' } } })
const only = values.only?.split(',')
const skip = values.skip?.split(',') ?? []
const unknown = [...(only ?? []), ...skip].filter((name) => !CHECKS.some((check) => check.name === name))
if (unknown.length > 0) {
  console.error(`There is no check "${unknown.join(', ')}". There are: ${CHECKS.map((check) => check.name).join(', ')}.`)
  process.exit(2)
}

const wanted = CHECKS.filter((check) => (only === undefined || only.includes(check.name)) && !skip.includes(check.name))
const needsBuild = wanted.some((check) => check.needs === 'build')
const chosen = CHECKS.filter((check) => wanted.includes(check) || (needsBuild && check.name === 'build'))
const scripts = readManifest(ROOT).scripts ?? {}
const failed = new Set<string>()
const rows: string[] = []
const startedAt = performance.now()

for (const check of chosen) {
  const isBlocked = check.needs !== undefined && failed.has(check.needs)
  if (isBlocked || (values.bail === true && failed.size > 0)) {
    failed.add(check.name)
    rows.push(row('not run', check, 0, isBlocked ? `needs ${check.needs}` : 'stopped at the first failure'))
    continue
  }
  const begunAt = performance.now()
  const { code, output } = await runCommand(scripts[check.script ?? `check:${check.name}`] ?? 'false', [], { cwd: ROOT, shell: true })
  const elapsed = performance.now() - begunAt
  const lines = output.trimEnd().split('\n')
  if (code !== 0) {
    failed.add(check.name)
    console.log(`\n── ${check.name}: ${check.says}\n${output.trimEnd()}\n`)
  } else {
    for (const warning of lines.filter((line) => line.startsWith('warning'))) console.log(`${check.name}: ${warning}`)
  }
  rows.push(row(code === 0 ? 'ok' : 'FAILED', check, elapsed, check.script === undefined ? (lines.at(-1) ?? '') : check.says))
}

console.log(`\n${rows.join('\n')}`)
console.log(
  `\n${chosen.length - failed.size} checks hold, ${failed.size} do not (${((performance.now() - startedAt) / 1000).toFixed(1)} s)${failed.size > 0 ? `: ${[...failed].join(', ')}` : ''}`,
)
process.exitCode = failed.size > 0 ? 1 : 0

function row(result: string, check: Check, elapsed: number, note: string): string {
  const said = note.length > 0 && note.length < 140 ? note : check.says
  return `${result.padEnd(8)} ${check.name.padEnd(12)} ${`${(elapsed / 1000).toFixed(1)} s`.padStart(8)}  ${said}`
}
