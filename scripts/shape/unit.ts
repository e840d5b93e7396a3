/** A parsed source file, where it stands, and what it imports. */
import { dirname, join, relative, sep } from 'node:path'
import ts from 'typescript'

/** What a file is to the rules. */
export type Role = 'src' | 'test' | 'example' | 'bench' | 'script' | 'config'

/** One import, export-from, import type or dynamic import. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** Absolute path of a relative import; `null` for packages and builtins. */
  readonly target: string | null
}

/** A file as the rules see it. */
export interface Unit {
  readonly file: string
  readonly role: Role
  /** Folder of the workspace package it belongs to, absolute. */
  readonly packageDir: string
  /** First folder under `src` (or `test`); `''` for files directly in it. */
  readonly folder: string
  readonly source: ts.SourceFile
  readonly imports: readonly Import[]
}

/** Parses `text` as the file at `file` of the repository at `root`. */
export function parseUnit(root: string, file: string, text: string): Unit {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const parts = relative(root, file).split(sep)
  const isNested = parts[0] === 'packages' || parts[0] === 'examples'
  const packageParts = isNested ? parts.slice(0, 2) : ['bench', 'fault-kit'].includes(parts[0] ?? '') ? parts.slice(0, 1) : []
  const inside = parts.slice(packageParts.length)
  return {
    file,
    role: roleOf(parts, inside),
    packageDir: join(root, ...packageParts),
    folder: inside.length > 2 ? (inside[1] ?? '') : '',
    source,
    imports: listImports(file, source),
  }
}

/** Line of a node, from 1. */
export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

function roleOf(parts: readonly string[], inside: readonly string[]): Role {
  if (parts[0] === 'scripts' || parts[0] === 'site') return 'script'
  if (parts[0] === 'bench') return 'bench'
  if (inside[0] === 'test') return 'test'
  if (parts[0] === 'examples') return 'example'
  return inside[0] === 'src' ? 'src' : 'config'
}

function listImports(file: string, source: ts.SourceFile): readonly Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    const text = specifier.text
    found.push({ specifier: text, line: lineOf(source, specifier), target: text.startsWith('.') ? join(dirname(file), text) : null })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
