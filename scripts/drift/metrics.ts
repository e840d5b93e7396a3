/** OpenTelemetry metric names ⇄ `docs/events.md`. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import type { Finding } from '../findings.ts'
import { listFiles } from '../workspace.ts'
import { compareNames } from './compare-names.ts'

const METRIC_NAME = /^quarterjack(?:\.[a-z_]+)+$/

/** Each instrument that the `otel` entry makes has a table row that begins with its name. */
export function compareMetrics(): readonly Finding[] {
  const defined = listFiles('packages/*/src/otel/**/*.ts').flatMap((file) => listInstruments(readFileSync(file, 'utf8')))
  if (defined.length === 0) return []
  return compareNames({
    what: 'metric',
    page: 'docs/events.md',
    defined: [...new Set(defined)],
    form: 'a table row that begins "| `quarterjack.run.duration` |"',
    describedIn: (page) => page.firstCells.filter((cell) => METRIC_NAME.test(cell)).map((cell) => ({ name: cell, line: 0 })),
  })
}

/** First arguments of `meter.createCounter('…')` and its kin. */
function listInstruments(text: string): readonly string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const name = node.arguments[0]
      const isInstrument = /^create(?:Observable)?(?:Counter|UpDownCounter|Histogram|Gauge)$/.test(node.expression.name.text)
      if (isInstrument && name !== undefined && ts.isStringLiteralLike(name)) found.push(name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('otel.ts', text, ts.ScriptTarget.Latest))
  return found
}
