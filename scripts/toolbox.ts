/** Programs that only the checks need (other Nodes, other compilers), fetched once and kept under node_modules/.cache. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'
import { CACHE, readManifest } from './workspace.ts'

/** The oldest Node in `engines`, and the newest. */
export const NODE_VERSIONS = ['22.12.0', '24', '26'] as const

/** One that is too old, and must be told so. */
export const OLD_NODE_VERSION = '20'

/** The oldest TypeScript whose users we support (the first with `await using`), and the newest. */
export const TYPESCRIPT_VERSIONS = ['5.2.2', '7.0.2'] as const

/** A fetched package. */
export interface Tool {
  /** Folder of the package itself. */
  readonly dir: string
  /** The exact version that a range such as `26` gave. */
  readonly version: string
}

/** The package `name@version` from the cache, or from the registry the first time. */
export async function fetchTool(name: string, version: string): Promise<Tool> {
  const home = join(CACHE, 'tools', `${name}@${version}`)
  const dir = join(home, 'node_modules', name)
  if (!existsSync(join(home, 'complete'))) await install(home, `${name}@${version}`)
  return { dir, version: readManifest(dir).version }
}

/** Path of the Node binary of `version`. */
export async function fetchNode(version: string): Promise<{ readonly path: string; readonly version: string }> {
  const tool = await fetchTool('node', version)
  return { path: join(tool.dir, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'), version: tool.version }
}

async function install(home: string, spec: string): Promise<void> {
  const staging = `${home}.${process.pid}`
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging, { recursive: true })
  writeFileSync(join(staging, 'package.json'), '{ "private": true }\n')
  const result = await runCommand('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', spec], { cwd: staging })
  if (result.code !== 0) throw new Error(`${spec} could not be fetched. The first run of this check needs the registry.\n${result.output}`)
  writeFileSync(join(staging, 'complete'), '')
  rmSync(home, { recursive: true, force: true })
  renameSync(staging, home)
}
