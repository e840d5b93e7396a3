/** Type-checks the whole repository against the sources, then each package as it is published (explicit types on every export). */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'
import { listPackages, ROOT, show } from './workspace.ts'

const projects = [join(ROOT, 'tsconfig.json'), ...listPackages().map((found) => join(found.dir, 'tsconfig.build.json'))].filter(existsSync)
let failed = 0
for (const project of projects) {
  const result = await runCommand('tsc', ['--project', project, '--noEmit', '--pretty', 'false'], { cwd: ROOT })
  if (result.code === 0) continue
  failed++
  console.log(`${show(project)}:\n${result.output}`)
}
console.log(`${projects.length} projects${failed > 0 ? `, ${failed} with errors` : ''}`)
if (failed > 0) process.exitCode = 1
