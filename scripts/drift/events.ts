/** Event names ⇄ `docs/events.md`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Finding } from '../findings.ts'
import { ROOT } from '../workspace.ts'
import { compareNames } from './compare-names.ts'

const EVENT_NAME = /^[a-z]+\.[a-z]+$/

/** Each member of `SchedulerEvents` has a heading or a table row that begins with its name. */
export function compareEvents(): readonly Finding[] {
  return compareNames({
    what: 'event',
    page: 'docs/events.md',
    defined: listEventNames(),
    form: 'a heading "### `run.started`", or a table row that begins "| `run.started` |"',
    describedIn: (page) => [
      ...page.headings.filter((heading) => EVENT_NAME.test(heading.text)).map((heading) => ({ name: heading.text, line: heading.line })),
      ...page.firstCells.filter((cell) => EVENT_NAME.test(cell)).map((cell) => ({ name: cell, line: 0 })),
    ],
  })
}

function listEventNames(): readonly string[] {
  const file = join(ROOT, 'packages/core/src/observe/events.ts')
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const events = source.statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === 'SchedulerEvents')
  if (events === undefined || !ts.isInterfaceDeclaration(events)) throw new Error(`There is no interface SchedulerEvents in ${file}.`)
  return events.members.flatMap((member) => (member.name !== undefined && ts.isStringLiteral(member.name) ? [member.name.text] : []))
}
