/** The public API of a package as text: every exported declaration, and what it mentions without exporting it. */
import { dirname } from 'node:path'
import ts from 'typescript'
import type { Entry, Package } from '../workspace.ts'

type Named = ReadonlyMap<ts.Symbol, string>

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/**
 * One report for each entry, from the built declarations; the text changes exactly when the API does.
 * A declaration stands in the report of the first entry that exports or mentions it.
 */
export function reportPackage(found: Package): ReadonlyMap<Entry, string> {
  const program = ts.createProgram(
    found.entries.map((entry) => entry.types),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      types: ['node'],
      typeRoots: [`${dirname(dirname(found.dir))}/node_modules/@types`],
    },
  )
  const checker = program.getTypeChecker()
  const exports = new Map(found.entries.map((entry) => [entry, listExports(program, checker, entry)]))
  const homes = new Map<ts.Symbol, Entry>()
  for (const [entry, symbols] of exports) for (const symbol of symbols.keys()) if (!homes.has(symbol)) homes.set(symbol, entry)

  const reports = new Map<Entry, string>()
  for (const [entry, symbols] of exports) {
    const own = new Map([...symbols].filter(([symbol]) => homes.get(symbol) === entry))
    const elsewhere = [...symbols].filter(([symbol]) => homes.get(symbol) !== entry)
    const mentioned = new Map<ts.Symbol, string>()
    const queue = [...own.keys()]
    for (const symbol of queue) {
      for (const other of listMentions(checker, symbol)) {
        if (homes.has(other) || other.declarations?.[0]?.getSourceFile().fileName.startsWith(`${found.dir}/dist/`) !== true) continue
        homes.set(other, entry)
        mentioned.set(other, other.name)
        queue.push(other)
      }
    }
    const references = elsewhere.map(([symbol, name]) => `- \`${name}\`, as in ${homes.get(symbol)?.specifier ?? ''}`).sort()
    reports.set(
      entry,
      [
        `# ${entry.specifier}`,
        '',
        '<!-- Written by `pnpm api:update` from the built declarations. Review the difference, do not edit. -->',
        '',
        ...section('Exports', own),
        ...(references.length > 0 ? ['## Exported here too', '', ...references, ''] : []),
        ...(mentioned.size > 0 ? section('Mentioned, not exported', mentioned) : []),
      ].join('\n'),
    )
  }
  return reports
}

function listExports(program: ts.Program, checker: ts.TypeChecker, entry: Entry): Named {
  const source = program.getSourceFile(entry.types)
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${entry.types} is missing or exports nothing. Build first.`)
  return new Map(checker.getExportsOfModule(module).map((symbol) => [resolveAlias(checker, symbol), symbol.name]))
}

function section(title: string, symbols: Named): readonly string[] {
  if (symbols.size === 0) return []
  const compare = ([, a]: readonly [unknown, string], [, b]: readonly [unknown, string]): number => (a < b ? -1 : a > b ? 1 : 0)
  const blocks = [...symbols].sort(compare).map(([symbol, name]) => printSymbol(symbol, name))
  return [`## ${title}`, '', '```ts', blocks.join('\n\n'), '```', '']
}

function printSymbol(symbol: ts.Symbol, name: string): string {
  const declarations = (symbol.declarations ?? []).map((declaration) => {
    const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
    const text = printer.printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile())
    return text.replace(/^(?:export )?(?:declare )?/, '').replaceAll('    ', '  ')
  })
  // The bundler may number names that occur twice.
  return [...(symbol.name === name ? [] : [`// as ${name}`]), ...declarations].join('\n')
}

function listMentions(checker: ts.TypeChecker, symbol: ts.Symbol): ReadonlySet<ts.Symbol> {
  const mentions = new Set<ts.Symbol>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const at = checker.getSymbolAtLocation(node)
      const target = at === undefined ? undefined : resolveAlias(checker, at)
      if (target?.declarations?.some(isTopLevel) === true) mentions.add(target)
    }
    ts.forEachChild(node, visit)
  }
  for (const declaration of symbol.declarations ?? []) visit(declaration)
  return mentions
}

function isTopLevel(declaration: ts.Declaration): boolean {
  if (ts.isVariableDeclaration(declaration)) return ts.isSourceFile(declaration.parent.parent.parent)
  return ts.isSourceFile(declaration.parent) && !ts.isImportDeclaration(declaration)
}

function resolveAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
}
