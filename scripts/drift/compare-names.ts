/** Compares the names that code defines with those that a page describes. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Page, parsePage } from '../docs/markdown.ts'
import type { Finding } from '../findings.ts'
import { ROOT } from '../workspace.ts'

/** What is compared, and how the page writes it. */
export interface NameComparison {
  /** `error code`. */
  readonly what: string
  /** From the root. */
  readonly page: string
  readonly defined: readonly string[]
  /** How a name looks in the page, for the message: ``### `InvalidCron` ``. */
  readonly form: string
  readonly describedIn: (page: Page) => readonly { readonly name: string; readonly line: number }[]
}

/** A finding for each name that only one side has, and for names described twice. */
export function compareNames(comparison: NameComparison): readonly Finding[] {
  const file = join(ROOT, comparison.page)
  const error = (line: number, message: string): Finding => ({ rule: 'drift', severity: 'error', file, line, message })
  if (!existsSync(file)) {
    return [error(0, `The page is missing: it describes each ${comparison.what}, as ${comparison.form}.`)]
  }
  const described = comparison.describedIn(parsePage(readFileSync(file, 'utf8')))
  const names = described.map(({ name }) => name)
  const lacking = comparison.defined.filter((name) => !names.includes(name))
  return [
    ...lacking.map((name) => error(0, `The ${comparison.what} "${name}" is not described. Write it as ${comparison.form}.`)),
    ...described
      .filter(({ name }) => !comparison.defined.includes(name))
      .map(({ name, line }) => error(line, `The code knows no ${comparison.what} "${name}".`)),
    ...described
      .filter(({ name }, index) => names.indexOf(name) !== index)
      .map(({ name, line }) => error(line, `The ${comparison.what} "${name}" is described twice.`)),
  ]
}
