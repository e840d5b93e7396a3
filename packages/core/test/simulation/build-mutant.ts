/** Builds a mutant: a copy of the sources with its edits made. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.ts'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))

export interface BuiltMutant {
  /** The folder of its sources. */
  readonly root: string
  remove(): void
}

/** Throws when an edit does not fit exactly once: the engine changed, and the mutant must follow. */
export function buildMutant(mutant: Mutant): BuiltMutant {
  const folder = mkdtempSync(join(tmpdir(), 'quarterjack-mutant-'))
  const root = join(folder, 'src')
  cpSync(join(PACKAGE, 'src'), root, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  symlinkSync(join(PACKAGE, 'node_modules'), join(folder, 'node_modules'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    for (const edit of mutant.edits) apply(root, edit, mutant.name)
  } catch (error) {
    remove()
    throw error
  }
  return { root, remove }
}

function apply(root: string, { file, find, replace }: Mutant['edits'][number], name: string): void {
  const path = join(root, file)
  const parts = readFileSync(path, 'utf8').split(find)
  if (parts.length !== 2) {
    throw new Error(
      `Mutant "${name}": its text occurs ${parts.length - 1} times in src/${file}, not once. Bring test/simulation/mutants.ts up to date:\n${find}`,
    )
  }
  writeFileSync(path, parts.join(replace))
}
