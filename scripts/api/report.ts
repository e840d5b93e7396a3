/** The public API of one entry as text: every exported declaration, and what it mentions without exporting it. */
import { dirname } from 'node:path'
import ts from 'typescript'

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/** Report of the built declarations at `typesPath`. The text changes exactly when the API does. */
export function reportEntry(specifier: string, typesPath: string, packageDir: string): string {
  const program = ts.createProgram([typesPath], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ['node'],
    typeRoots: [`${dirname(dirname(packageDir))}/node_modules/@types`],
  })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(typesPath)
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${typesPath} is missing or exports nothing. Build first.`)

  const isOwn = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.[0]?.getSourceFile().fileName.startsWith(`${packageDir}/dist/`) === true
  const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [resolveAlias(checker, symbol), symbol.name]))
  const mentioned = new Map<ts.Symbol, string>()
  const queue = [...exported.keys()]
  for (const symbol of queue) {
    for (const other of listMentions(checker, symbol)) {
      if (exported.has(other) || mentioned.has(other) || !isOwn(other)) continue
      mentioned.set(other, other.name)
      queue.push(other)
    }
  }
  return [
    `# ${specifier}`,
    '',
    '<!-- Written by `pnpm api:update` from the built declarations. Review the difference, do not edit. -->',
    '',
    ...section('Exports', exported),
    ...(mentioned.size > 0 ? section('Mentioned, not exported', mentioned) : []),
  ].join('\n')
}

function section(title: string, symbols: ReadonlyMap<ts.Symbol, string>): readonly string[] {
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
  const found = new Set<ts.Symbol>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const at = checker.getSymbolAtLocation(node)
      const target = at === undefined ? undefined : resolveAlias(checker, at)
      if (target?.declarations?.some(isTopLevel) === true) found.add(target)
    }
    ts.forEachChild(node, visit)
  }
  for (const declaration of symbol.declarations ?? []) visit(declaration)
  return found
}

function isTopLevel(declaration: ts.Declaration): boolean {
  if (ts.isVariableDeclaration(declaration)) return ts.isSourceFile(declaration.parent.parent.parent)
  return ts.isSourceFile(declaration.parent) && !ts.isImportDeclaration(declaration)
}

function resolveAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
}
