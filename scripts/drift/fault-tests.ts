/** Tests that `docs/faults.md` names ⇄ the files, or folders of files, that it names for them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Finding } from '../findings.ts'
import { FAULT_KIT, ROOT } from '../workspace.ts'

/** How many faults the page lists, numbered from 1. */
const FAULTS = 35

/** Those that only a real server can show: each has tests of the Postgres store as well. */
const FAULTS_OF_SERVERS = [1, 2, 3, 4, 5, 6, 7, 10, 11, 13, 15, 16, 22, 23, 27, 28, 33, 34]

/** An item that names a test: ``- [`faults/crash.test.ts`](path): "name"``. */
const ITEM = /^- .*?\[`[^`]+`\]\(([^)]+)\): "(.+)"$/

/** The same for the Postgres store. */
const POSTGRES_ITEM = /^- Postgres, \[`/

/** Each fault is there once and says where it is covered; each named test is in its file. */
export function compareFaultTests(): readonly Finding[] {
  const file = join(ROOT, 'docs/faults.md')
  if (!existsSync(file))
    return [{ rule: 'drift', severity: 'error', file, line: 0, message: 'The page is missing: it says which test covers each fault.' }]
  return findFaultDrift(readFileSync(file, 'utf8'), file, (target) => {
    const path = resolve(dirname(file), target)
    if (!existsSync(path)) return null
    return statSync(path).isFile()
      ? withSuites(readFileSync(path, 'utf8'))
      : readdirSync(path)
          .map((name) => readFileSync(join(path, name), 'utf8'))
          .join('\n')
  })
}

/** The suites of the kit that a test file runs. */
export function listSuites(text: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^import .* from '${FAULT_KIT.name}/(suites/[^']+)'`, 'gm'))].map(([, suite = '']) => suite)
}

/** A test file, and what it runs of the kit: its tests are those of both. */
function withSuites(text: string): string {
  return [text, ...listSuites(text).map((suite) => readFileSync(join(FAULT_KIT.sources, `${suite}.ts`), 'utf8'))].join('\n')
}

/** The same over a text; `read` gives the file behind a link, or null. */
export function findFaultDrift(text: string, file: string, read: (target: string) => string | null): readonly Finding[] {
  const findings: Finding[] = []
  const report = (line: number, message: string): void => void findings.push({ rule: 'drift', severity: 'error', file, line, message })
  const items = new Map<number, number>()
  const ofPostgres = new Set<number>()
  let fault = 0
  text.split('\n').forEach((line, index) => {
    const heading = /^### (\d+)\. /.exec(line)
    if (heading !== null) {
      fault = Number(heading[1])
      if (items.has(fault)) report(index + 1, `Fault ${fault} is there twice.`)
      items.set(fault, 0)
    } else if (line.startsWith('- ') && fault > 0) items.set(fault, (items.get(fault) ?? 0) + 1)
    const item = ITEM.exec(line)
    if (item === null) return
    if (POSTGRES_ITEM.test(line)) ofPostgres.add(fault)
    const [, target = '', name = ''] = item
    const source = read(target)
    if (source === null) report(index + 1, `There is no ${target}.`)
    else if (!source.replaceAll("\\'", "'").includes(name)) report(index + 1, `${target} has no test "${name}".`)
  })
  for (let number = 1; number <= FAULTS; number++) {
    if ((items.get(number) ?? 0) === 0) report(0, `Fault ${number} is not there, or does not say where it is covered.`)
  }
  for (const number of FAULTS_OF_SERVERS) {
    if (!ofPostgres.has(number)) report(0, `Fault ${number} names no test of the Postgres store.`)
  }
  return findings
}
