/** Loads every public entry of the installed tarballs with `import` and with `require`, in a Node of its own. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../run-command.ts'

/** What is loaded, where, and by which Node. */
export interface LoadRequest {
  readonly folder: string
  readonly nodePath: string
  readonly specifiers: readonly string[]
}

/** Answers what went wrong, or `null`. Loading must print nothing, keep nothing alive and give the same names both ways. */
export async function loadEntries(request: LoadRequest): Promise<string | null> {
  const { folder, nodePath, specifiers } = request
  const list = JSON.stringify(specifiers)
  writeFileSync(
    join(folder, 'load.mjs'),
    `const names = {}
for (const specifier of ${list}) names[specifier] = Object.keys(await import(specifier)).sort()
process.stdout.write(JSON.stringify(names))
`,
  )
  writeFileSync(
    join(folder, 'load.cjs'),
    `const names = {}
for (const specifier of ${list}) names[specifier] = Object.keys(require(specifier)).filter((name) => name !== '__esModule').sort()
process.stdout.write(JSON.stringify(names))
`,
  )
  const run = async (file: string): Promise<{ readonly names: string | null; readonly output: string }> => {
    const { code, stdout, output } = await runCommand(nodePath, ['--no-warnings', file], { cwd: folder, timeoutMs: 20_000 })
    return { names: code === 0 ? stdout : null, output }
  }
  const imported = await run('load.mjs')
  if (imported.names === null) return `import failed:\n${imported.output}`
  const required = await run('load.cjs')
  if (required.names === null) return `require failed:\n${required.output}`
  if (imported.names !== required.names) return `import and require differ:\n${imported.names}\n${required.names}`
  if (imported.output !== imported.names || required.output !== required.names) return `loading printed something:\n${imported.output}`
  const empty = specifiers.filter((specifier) => imported.names?.includes(`"${specifier}":[]`))
  return empty.length > 0 ? `${empty.join(', ')} exports nothing` : null
}

/** Takes an optional peer out of the project, as if it had never been installed. */
export function removePeer(folder: string, name: string): void {
  rmSync(join(folder, 'node_modules', name), { recursive: true, force: true })
}
