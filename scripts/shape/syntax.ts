/** Rules that one file's syntax answers: `any`, default exports, `export *`, barrels, silenced compilers, sizes, names. */
import { basename } from 'node:path'
import ts from 'typescript'
import type { Finding } from '../findings.ts'
import { lineOf, type Unit } from './unit.ts'

/** Lines of a file from which on it gets a warning. */
export const LARGE_FILE = 300

const VAGUE_NAMES: ReadonlySet<string> = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'manager', 'service', 'misc', 'types'])

/** Everything wrong with one file alone. */
export function findSyntaxFaults(unit: Unit): readonly Finding[] {
  return [...walk(unit), ...silencers(unit), ...nameFaults(unit), ...sizeFaults(unit), ...missingDocLine(unit)]
}

function walk(unit: Unit): readonly Finding[] {
  const found: Finding[] = []
  const add = (rule: string, node: ts.Node, message: string): void => {
    found.push({ rule, severity: 'error', file: unit.file, line: lineOf(unit.source, node), message })
  }
  const isConfig = unit.file.endsWith('.config.ts')
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) add('any', node, 'Use unknown and narrow.')
    const isDefault = ts.isExportAssignment(node) || (ts.canHaveModifiers(node) && hasDefault(node))
    if (isDefault && !isConfig) add('default-export', node, 'Export it by name.')
    if (ts.isExportDeclaration(node) && node.exportClause === undefined) add('export-star', node, 'List the names.')
    ts.forEachChild(node, visit)
  }
  visit(unit.source)
  return found
}

function hasDefault(node: ts.HasModifiers): boolean {
  return ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) === true
}

/** `@ts-expect-error` stays allowed: it fails when it is no longer needed. */
function silencers(unit: Unit): readonly Finding[] {
  return [...unit.source.text.matchAll(/@ts-(?:ignore|nocheck)\b/g)]
    .filter((match) => isInComment(unit.source, match.index))
    .map((match) => ({
      rule: 'silenced-compiler',
      severity: 'error',
      file: unit.file,
      line: unit.source.getLineAndCharacterOfPosition(match.index).line + 1,
      message: `${match[0]} hides errors. Mend the type, or use @ts-expect-error with the reason.`,
    }))
}

function isInComment(source: ts.SourceFile, position: number): boolean {
  const line = source.text.slice(source.text.lastIndexOf('\n', position) + 1, position)
  return /(?:^|\s)(?:\/\/|\/\*|\*)\s*$/.test(line)
}

function nameFaults(unit: Unit): readonly Finding[] {
  const name = basename(unit.file).replace(/\.(?:d|test|test-d|config)?\.?ts$/, '')
  const fault = (message: string): readonly Finding[] => [{ rule: 'file-name', severity: 'error', file: unit.file, line: 0, message }]
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return fault('File names are kebab-case.')
  return unit.role !== 'test' && VAGUE_NAMES.has(name) ? fault(`"${name}" says nothing. Name the file after its concept or its verb.`) : []
}

function sizeFaults(unit: Unit): readonly Finding[] {
  const lines = unit.source.getLineAndCharacterOfPosition(unit.source.getEnd()).line
  if (lines <= LARGE_FILE || unit.role === 'test') return []
  return [{ rule: 'size', severity: 'warning', file: unit.file, line: 0, message: `${lines} lines. Is it one concept?` }]
}

function missingDocLine(unit: Unit): readonly Finding[] {
  if (unit.role !== 'src' || /^(?:#!.*\n)?\s*\/\*\*/.test(unit.source.text)) return []
  return [{ rule: 'doc-line', severity: 'warning', file: unit.file, line: 1, message: 'Begin the file with one doc line.' }]
}
