/**
 * Everything that must hold before a change is merged, beside the tests: checks of one verb each, two at a time.
 * `pnpm check`, `pnpm check --only shape,types`, `pnpm check --skip tarballs`, `pnpm check --bail`, `pnpm check --jobs 1`.
 */
import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
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

// In the order in which they begin: two that answer at once, then what others wait for, then the long ones.
const CHECKS: readonly Check[] = [
  { name: 'format', says: 'files are formatted' },
  { name: 'lint', says: 'no suspicious code' },
  { name: 'build', says: 'the packages build', script: 'build' },
  { name: 'types', says: 'everything compiles, type tests included' },
  { name: 'tarballs', says: 'packages install and load, the quick start works', needs: 'build' },
  { name: 'docs', says: 'links lead, blocks compile and run' },
  { name: 'typescripts', says: 'declarations work in old and new TypeScript', needs: 'build' },
  { name: 'site', says: 'the site builds, no link or anchor is dead' },
  { name: 'drift', says: 'docs name what code defines' },
  { name: 'shape', says: 'layers, cycles, clock seam, any' },
  { name: 'unused', says: 'no unused file, export or dependency' },
  { name: 'api', says: 'the public API is the committed one', needs: 'build' },
  { name: 'size', says: 'bundles stay below their ceilings', needs: 'build' },
]

const { values } = parseArgs({
  options: { only: { type: 'string' }, skip: { type: 'string' }, bail: { type: 'boolean' }, jobs: { type: 'string' } },
})
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
const jobs = Math.max(1, Number(values.jobs ?? Math.min(2, availableParallelism())) || 1)
const failed = new Set<string>()
const passed = new Set<string>()
const rows = new Map<string, string>()
const waiting = [...chosen]
const startedAt = performance.now()
await Promise.all(Array.from({ length: jobs }, work))

console.log(`\n${chosen.map(({ name }) => rows.get(name)).join('\n')}`)
console.log(
  `\n${chosen.length - failed.size} checks hold, ${failed.size} do not (${((performance.now() - startedAt) / 1000).toFixed(1)} s)${failed.size > 0 ? `: ${[...failed].join(', ')}` : ''}`,
)
process.exitCode = failed.size > 0 ? 1 : 0

/** Takes what may begin until nothing is left; what waits for a check that another one runs stays until that has ended. */
async function work(): Promise<void> {
  while (waiting.length > 0) {
    const index = waiting.findIndex(({ needs }) => needs === undefined || passed.has(needs) || failed.has(needs))
    const [check] = index < 0 ? [] : waiting.splice(index, 1)
    if (check === undefined) await setTimeout(200)
    else await carryOut(check)
  }
}

async function carryOut(check: Check): Promise<void> {
  const isBlocked = check.needs !== undefined && failed.has(check.needs)
  if (isBlocked || (values.bail === true && failed.size > 0)) {
    failed.add(check.name)
    rows.set(check.name, row('not run', check, 0, isBlocked ? `needs ${check.needs}` : 'stopped at the first failure'))
    return
  }
  const begunAt = performance.now()
  const { code, output } = await runCommand(scripts[check.script ?? `check:${check.name}`] ?? 'false', [], { cwd: ROOT, shell: true })
  const lines = output.trimEnd().split('\n')
  if (code === 0) {
    passed.add(check.name)
    for (const warning of lines.filter((line) => line.startsWith('warning'))) console.log(`${check.name}: ${warning}`)
  } else {
    failed.add(check.name)
    console.log(`\n── ${check.name}: ${check.says}\n${output.trimEnd()}\n`)
  }
  const note = check.script === undefined ? (lines.at(-1) ?? '') : check.says
  rows.set(check.name, row(code === 0 ? 'ok' : 'FAILED', check, performance.now() - begunAt, note))
}

function row(result: string, check: Check, elapsed: number, note: string): string {
  const said = note.length > 0 && note.length < 140 ? note : check.says
  return `${result.padEnd(8)} ${check.name.padEnd(12)} ${`${(elapsed / 1000).toFixed(1)} s`.padStart(8)}  ${said}`
}
