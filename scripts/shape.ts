/** Fails on cycles, broken layers, reads past the clock seam, `any` and their kin; warns on sizes and undocumented exports. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conclude, type Finding } from './findings.ts'
import { applyAllowances } from './shape/allowances.ts'
import { findSeamBreaks, findSleeps } from './shape/clock-seam.ts'
import { findCycles } from './shape/cycles.ts'
import { findLayerBreaks } from './shape/layers.ts'
import { findSyntaxFaults } from './shape/syntax.ts'
import { createTypedProgram, findFloatingPromises, findUndocumentedExports } from './shape/typed.ts'
import { parseUnit } from './shape/unit.ts'
import { listFiles, listPackages, listTestEntries, ROOT } from './workspace.ts'

const packages = listPackages()
const coreDir = join(ROOT, 'packages', 'core')
const files = listFiles(
  'packages/*/*.ts',
  'packages/*/{src,test}/**/*.ts',
  'examples/**/*.ts',
  'bench/**/*.ts',
  'fault-kit/**/*.ts',
  'scripts/**/*.ts',
  'site/**/*.ts',
  '*.ts',
)
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
const units = [...texts].map(([file, text]) => parseUnit(ROOT, file, text))
const sources = units.filter((unit) => unit.role === 'src')
const core = units.filter((unit) => unit.packageDir === coreDir)

const program = createTypedProgram(
  join(ROOT, 'tsconfig.json'),
  sources.map((unit) => unit.file),
)
const entries = packages.flatMap((found) => found.entries)
const facts = {
  coreDir,
  publicEntries: new Set(entries.map((entry) => entry.specifier)),
  testEntries: new Set(listTestEntries()),
}

const findings: readonly Finding[] = [
  ...findCycles(sources),
  ...findLayerBreaks(units, facts),
  ...core.filter((unit) => unit.role === 'src').flatMap(findSeamBreaks),
  ...core.filter((unit) => unit.role === 'test').flatMap(findSleeps),
  ...units.flatMap(findSyntaxFaults),
  ...findFloatingPromises(
    program,
    sources.map((unit) => unit.file),
  ),
  ...findUndocumentedExports(program, entries),
]

conclude(applyAllowances(findings, texts), `${units.length} files`)
