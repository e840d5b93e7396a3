/** An empty project into which the tarballs are installed, as a user would. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../run-command.ts'
import type { Tarball } from './pack.ts'

/** Makes the project and installs `tarballs` and `others` (`name@version`) into it. Answers its folder. */
export async function createConsumer(tarballs: readonly Tarball[], others: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'quarterjack-consumer-'))
  const local = Object.fromEntries(tarballs.map((tarball) => [tarball.package.name, `file:${tarball.path}`]))
  // Packages of the workspace that need each other must find the tarballs, not the registry.
  const manifest = { name: 'consumer', private: true, type: 'module', dependencies: local, overrides: local }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  const installed = await runCommand('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...others], { cwd: folder })
  if (installed.code !== 0) throw new Error(`The tarballs could not be installed:\n${installed.output}`)
  return folder
}
