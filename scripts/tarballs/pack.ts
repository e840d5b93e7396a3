/** Packs the packages as they would be published. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../run-command.ts'
import type { Manifest, Package } from '../workspace.ts'

/** A packed package. */
export interface Tarball {
  readonly package: Package
  readonly path: string
  /** Paths inside, without the leading `package/`. */
  readonly files: readonly string[]
  /** The package.json inside: `publishConfig` applied. */
  readonly manifest: Manifest
}

/** Packs a built package into a new folder under the system's temporary one. */
export async function packPackage(found: Package): Promise<Tarball> {
  const folder = mkdtempSync(join(tmpdir(), 'quarterjack-pack-'))
  const packed = await runCommand('pnpm', ['pack', '--pack-destination', folder], { cwd: found.dir })
  const name = `${found.name.replace('@', '').replace('/', '-')}-${found.manifest.version}.tgz`
  if (packed.code !== 0) throw new Error(`${found.name} could not be packed. Is it built?\n${packed.output}`)
  const unpacked = await runCommand('tar', ['-xzvf', name], { cwd: folder })
  if (unpacked.code !== 0) throw new Error(`${name} could not be read.\n${unpacked.output}`)
  const files = unpacked.output
    .split('\n')
    .map((line) => line.replace(/^(?:x )?package\//, ''))
    .filter((line) => line !== '' && !line.endsWith('/'))
  const manifest = JSON.parse(readFileSync(join(folder, 'package', 'package.json'), 'utf8')) as Manifest
  return { package: found, path: join(folder, name), files: files.sort(), manifest }
}
