/** Rules that need the type checker: public exports without a doc comment, promises that nobody waits for. */
import { dirname } from 'node:path'
import ts from 'typescript'
import type { Finding } from '../findings.ts'
import type { Entry } from '../workspace.ts'

const ASSIGNMENTS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
])

/** A program over `files`, with the options of the tsconfig at `configPath`. */
export function createTypedProgram(configPath: string, files: readonly string[]): ts.Program {
  const config = ts.readConfigFile(configPath, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, dirname(configPath))
  return ts.createProgram([...files], options)
}

/** Warns for each export of an entry that has no doc comment. */
export function findUndocumentedExports(program: ts.Program, entries: readonly Entry[]): readonly Finding[] {
  const checker = program.getTypeChecker()
  const seen = new Set<ts.Symbol>()
  return entries.flatMap((entry) => {
    const source = program.getSourceFile(entry.source)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    if (module === undefined) return []
    return checker.getExportsOfModule(module).flatMap((exported): readonly Finding[] => {
      const symbol = (exported.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(exported) : exported
      const declaration = symbol.declarations?.[0]
      if (seen.has(symbol) || declaration === undefined || symbol.getDocumentationComment(checker).length > 0) return []
      seen.add(symbol)
      const file = declaration.getSourceFile()
      const line = file.getLineAndCharacterOfPosition(declaration.getStart()).line + 1
      const message = `${exported.name}, exported by ${entry.specifier}, has no doc comment.`
      return [{ rule: 'undocumented', severity: 'warning', file: file.fileName, line, message }]
    })
  })
}

/** Fails on an expression statement that makes a promise and drops it. Write `void` and handle its rejection, or await it. */
export function findFloatingPromises(program: ts.Program, files: readonly string[]): readonly Finding[] {
  const checker = program.getTypeChecker()
  const found: Finding[] = []
  for (const file of files) {
    const source = program.getSourceFile(file)
    if (source === undefined) continue
    const visit = (node: ts.Node): void => {
      if (ts.isExpressionStatement(node) && isPromise(checker, node.expression) && !isHandled(node.expression)) {
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
        const message = 'A promise is dropped: a rejection here ends the process. Await it, or catch it.'
        found.push({ rule: 'floating-promise', severity: 'error', file, line, message })
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return found
}

function isPromise(checker: ts.TypeChecker, node: ts.Expression): boolean {
  if (ts.isAwaitExpression(node) || ts.isVoidExpression(node)) return false
  const type = checker.getTypeAtLocation(node)
  if ((type.flags & ts.TypeFlags.Any) !== 0) return false
  const parts = type.isUnion() ? type.types : [type]
  return parts.some((part) => part.getProperty('then') !== undefined && part.getProperty('catch') !== undefined)
}

/** `x.catch(f)`, `x.then(f, g)`, either with `.finally(h)` behind it, and a promise that is kept in a variable. */
function isHandled(node: ts.Expression): boolean {
  if (ts.isBinaryExpression(node)) return ASSIGNMENTS.has(node.operatorToken.kind)
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  const name = node.expression.name.text
  if (name === 'finally') return isHandled(node.expression.expression)
  return (name === 'catch' && node.arguments.length === 1) || (name === 'then' && node.arguments.length === 2)
}
