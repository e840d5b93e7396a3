/** Compares the public API with the committed reports in `etc/`; `--update` writes them. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { reportPackage } from './api/report.ts'
import { conclude, type Finding } from './findings.ts'
import { runCommand } from './run-command.ts'
import { CACHE, listFiles, listPackages, ROOT } from './workspace.ts'

const isUpdate = process.argv.includes('--update')
const findings: Finding[] = []
const current = new Set<string>()
for (const found of listPackages()) {
  for (const [{ subpath }, report] of reportPackage(found)) {
    const name = [basename(found.dir), ...subpath.split('/').slice(1)].join('-')
    const committed = join(ROOT, 'etc', `${name}.api.md`)
    current.add(committed)
    if (isUpdate) {
      mkdirSync(join(ROOT, 'etc'), { recursive: true })
      writeFileSync(committed, report)
    } else {
      findings.push(...(await compare(committed, report)))
    }
  }
}
for (const file of listFiles('etc/*.api.md').filter((path) => !current.has(path))) {
  if (isUpdate) rmSync(file)
  else findings.push(error(file, 'No entry has this report any more.'))
}
conclude(findings, `${current.size} entries ${isUpdate ? 'written' : 'compared'}`)

async function compare(committed: string, report: string): Promise<readonly Finding[]> {
  if (!existsSync(committed)) return [error(committed, 'There is no report. Run "pnpm api:update" and commit it.')]
  if (readFileSync(committed, 'utf8') === report) return []
  mkdirSync(CACHE, { recursive: true })
  const fresh = join(CACHE, basename(committed))
  writeFileSync(fresh, report)
  const { output } = await runCommand('git', ['diff', '--no-index', '--no-color', '--unified=2', committed, fresh])
  const changes = output.split('\n').slice(4).join('\n')
  return [error(committed, `The API has changed. If that is meant: "pnpm api:update", and a changeset.\n${changes}`)]
}

function error(file: string, message: string): Finding {
  return { rule: 'api', severity: 'error', file, line: 0, message }
}
