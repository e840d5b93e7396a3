/** Versions of what is measured, from the packages themselves. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

export function versionOf(peer: string): string {
  const name = peer === 'quarterjack' ? '@quarterjack/core' : peer
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string }
      if (manifest.name === name) return manifest.version ?? 'unknown'
    } catch {
      // Not the package's own folder yet.
    }
  }
  return 'unknown'
}
