/** Where things are: the root, the packages, their public entries. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** Scratch space of the checks; safe to delete. */
export const CACHE: string = join(ROOT, 'node_modules', '.cache', 'quarterjack')

/** The condition under which workspace packages resolve to their sources. Never published. */
export const SOURCE_CONDITION = '@quarterjack/source'

/** The parts of a package.json that the checks read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly files?: readonly string[]
  readonly repository?: { readonly url: string }
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly publishConfig?: { readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>> }
}

/** One public entry of a package. */
export interface Entry {
  /** What users import: `@quarterjack/core/store`. */
  readonly specifier: string
  /** `.`, `./store`. */
  readonly subpath: string
  /** Absolute paths. */
  readonly source: string
  readonly types: string
  readonly module: string
}

/** A package that is published. */
export interface Package {
  readonly dir: string
  readonly name: string
  readonly manifest: Manifest
  readonly entries: readonly Entry[]
}

/** A path as people write it: from the root, with forward slashes. */
export function show(path: string): string {
  return posix(relative(ROOT, path))
}

/** Reads a package.json. */
export function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest
}

/** The published packages, by folder name. */
export function listPackages(): readonly Package[] {
  return readdirSync(join(ROOT, 'packages'))
    .map((name) => join(ROOT, 'packages', name))
    .filter((dir) => existsSync(join(dir, 'package.json')))
    .map((dir) => {
      const manifest = readManifest(dir)
      return { dir, name: manifest.name, manifest, entries: listEntries(dir, manifest) }
    })
    .filter((found) => found.manifest.private !== true)
}

/** The kit that tests of faults share, which is never published: each of its sources is an entry. */
export const FAULT_KIT: { readonly name: string; readonly sources: string } = {
  name: '@quarterjack/fault-kit',
  sources: join(ROOT, 'fault-kit', 'src'),
}

/** What tests alone may import: `@quarterjack/fault-kit/judge`, … */
export function listTestEntries(): readonly string[] {
  return listFiles('fault-kit/src/**/*.ts').map((file) => `${FAULT_KIT.name}/${posix(relative(FAULT_KIT.sources, file)).slice(0, -3)}`)
}

/** Absolute paths of the files that match `patterns` (relative to the root), without builds and dependencies. */
export function listFiles(...patterns: readonly string[]): readonly string[] {
  const skip = (name: string): boolean => name === 'node_modules' || name === 'dist' || name === '.git'
  return globSync([...patterns], { cwd: ROOT, exclude: (path) => path.split(/[\\/]/).some(skip) })
    .map((path) => join(ROOT, path))
    .sort()
}

function listEntries(dir: string, manifest: Manifest): readonly Entry[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    const path = (condition: string): string => join(dir, target[condition] ?? `missing-condition-${condition}`)
    const specifier = manifest.name + subpath.slice(1)
    return [{ specifier, subpath, source: path(SOURCE_CONDITION), types: path('types'), module: path('default') }]
  })
}

function posix(path: string): string {
  return path.split(sep).join('/')
}
