/** Checks options against a schema, with messages that name field, value and remedy of every problem. */
import { QuarterjackError } from '@quarterjack/core/store'
import type * as z from 'zod/mini'
import english from 'zod/v4/locales/en.js'

// Passed with each parse: zod's own configuration is global, and the user's.
const messages = english()

/** Throws `InvalidOption`: `what`, then a line per problem with its path and, where it says something, the value. */
export function checkOptions<Schema extends z.ZodMiniType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(value, { error: messages.localeError, reportInput: true })
  if (result.success) return result.data
  const lines = result.error.issues.flatMap((issue) => linesOf(issue, []))
  throw new QuarterjackError('InvalidOption', `${what} has invalid options:\n${lines.join('\n')}`)
}

/** Of the shapes that a value may have, the one that it was meant to have tells more than their list. */
function linesOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): readonly string[] {
  const path = [...above, ...issue.path]
  const meant = issue.code === 'invalid_union' ? issue.errors.find((branch) => branch.some(isInside)) : undefined
  if (meant !== undefined) return meant.flatMap((inner) => linesOf(inner, path))
  return [`  ${path.length === 0 ? '' : `${path.map(String).join('.')}: `}${shown(issue.input, path)}${issue.message}`]
}

function isInside({ code, path }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys'
}

/** What may be a secret is not shown. */
function shown(value: unknown, path: readonly PropertyKey[]): string {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
  return isPlain && !path.some((step) => SECRET.has(String(step))) ? `${JSON.stringify(value)?.slice(0, 100)} ` : ''
}

const SECRET: ReadonlySet<string> = new Set(['auth', 'headers', 'query', 'signing', 'secret', 'secrets', 'body', 'authorize'])
