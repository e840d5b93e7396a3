/** Checks options against a schema, with messages that name field, value and remedy of every problem. */
import { QuarterjackError } from '@quarterjack/core/store'
import type * as z from 'zod/mini'
import english from 'zod/v4/locales/en.js'

// Passed with each parse: zod's own configuration is global, and the user's.
const messages = english()

/** Throws `InvalidOption`: `what`, then a line per problem with its path and, where it says something, the value. */
export function checkOptions<Schema extends z.ZodMiniType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(value, { error: messages.localeError })
  if (result.success) return result.data
  const lines = result.error.issues.map(({ message, path }) => {
    const found = path.reduce<unknown>(
      (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
      value,
    )
    return `  ${path.length === 0 ? '' : `${path.join('.')}: `}${shown(found)}${message}`
  })
  throw new QuarterjackError('InvalidOption', `${what} has invalid options:\n${lines.join('\n')}`)
}

function shown(value: unknown): string {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
  return isPlain ? `${JSON.stringify(value)} ` : ''
}
