/** Which folder may import which: the layers of core, the walls between packages, the homes of dependencies. */
import { builtinModules } from 'node:module'
import { relative } from 'node:path'
import type { Finding } from '../findings.ts'
import type { Unit } from './unit.ts'

/** The folders of core from the bottom up. A folder imports only from rows below its own, never from its own row's neighbours. */
export const CORE_LAYERS: readonly (readonly string[])[] = [
  ['errors'],
  ['time'],
  ['random'],
  ['schedule'],
  ['run'],
  ['observe'],
  ['job'],
  ['store'],
  ['memory'],
  ['lease'],
  ['trigger'],
  ['rollup'],
  ['engine'],
  ['health'],
  ['scheduler'],
  ['', 'cli', 'otel', 'testing'], // '' is the entry `index.ts`
]

/** Dependencies of core that only one folder may use, so that importing the rest does not load them. */
const HOME_OF: Readonly<Record<string, string>> = {
  commander: 'cli',
  'cron-parser': 'schedule',
  '@opentelemetry/api': 'otel',
}

/** What core's sources may import beside these: dependencies, and what the build bundles (of zod's locales, the English one). */
const CORE_MAY_USE: ReadonlySet<string> = new Set([
  ...Object.keys(HOME_OF),
  'p-limit',
  'p-retry',
  'zod/mini',
  'zod/v4/locales/en.js',
  '@standard-schema/spec',
])

/** What the layer rules need to know about the published packages. */
export interface LayerFacts {
  readonly coreDir: string
  /** Every public specifier of the workspace: `@quarterjack/core`, `@quarterjack/core/store`, … */
  readonly publicEntries: ReadonlySet<string>
  /** Every specifier of the workspace that tests alone may import: `@quarterjack/fault-kit/judge`, … */
  readonly testEntries: ReadonlySet<string>
}

/** Layer order inside core, package walls everywhere. */
export function findLayerBreaks(units: readonly Unit[], facts: LayerFacts): readonly Finding[] {
  const known = new Map(units.map((unit) => [unit.file, unit]))
  return units.flatMap((unit) => [...crossedWalls(unit, facts), ...(isCoreSource(unit, facts) ? brokenLayers(unit, known) : [])])
}

function isCoreSource(unit: Unit, facts: LayerFacts): boolean {
  return unit.role === 'src' && unit.packageDir === facts.coreDir
}

function crossedWalls(unit: Unit, facts: LayerFacts): readonly Finding[] {
  if (unit.role === 'script' || unit.role === 'config') return []
  return unit.imports.flatMap(({ specifier, line, target }) => {
    if (target !== null && relative(unit.packageDir, target).startsWith('..')) {
      return [error('package-wall', unit, line, `"${specifier}" leaves the package. Import a public entry.`)]
    }
    if (facts.testEntries.has(specifier)) {
      return unit.role === 'test' ? [] : [error('package-wall', unit, line, `"${specifier}" is for tests.`)]
    }
    if (specifier.startsWith('@quarterjack/') && !facts.publicEntries.has(specifier)) {
      return [error('package-wall', unit, line, `"${specifier}" is not a public entry.`)]
    }
    if (unit.role === 'src' && facts.publicEntries.has(specifier) && isCoreSource(unit, facts)) {
      return [error('package-wall', unit, line, 'Core imports its own files by relative path.')]
    }
    return []
  })
}

function brokenLayers(unit: Unit, known: ReadonlyMap<string, Unit>): readonly Finding[] {
  const own = rankOf(unit.folder)
  if (own === -1) {
    return [error('layer', unit, 1, `The folder "${unit.folder}" has no place in CORE_LAYERS (scripts/shape/layers.ts).`)]
  }
  return unit.imports.flatMap(({ specifier, line, target }) => {
    if (target === null) return foreignImport(unit, specifier, line)
    const imported = known.get(target)
    if (imported === undefined) return [error('layer', unit, line, `"${specifier}" does not name a file. Write the .ts extension.`)]
    if (imported.role !== 'src') return [error('layer', unit, line, `"${specifier}" is not a source of the package.`)]
    if (imported.folder === unit.folder) return []
    if (rankOf(imported.folder) < own) return []
    return [
      error(
        'layer',
        unit,
        line,
        `${unit.folder || 'index.ts'} may not import ${imported.folder || 'index.ts'}: it stands above or beside it.`,
      ),
    ]
  })
}

function foreignImport(unit: Unit, specifier: string, line: number): readonly Finding[] {
  if (specifier.startsWith('node:')) return []
  if (builtinModules.includes(specifier)) return [error('layer', unit, line, `Write "node:${specifier}".`)]
  const home = HOME_OF[specifier]
  if (home !== undefined && home !== unit.folder) return [error('layer', unit, line, `Only ${home}/ may import "${specifier}".`)]
  if (CORE_MAY_USE.has(specifier)) return []
  return [error('layer', unit, line, `Core's sources may not import "${specifier}".`)]
}

function rankOf(folder: string): number {
  return CORE_LAYERS.findIndex((row) => row.includes(folder))
}

function error(rule: string, unit: Unit, line: number, message: string): Finding {
  return { rule, severity: 'error', file: unit.file, line, message }
}
