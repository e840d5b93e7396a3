/** Checks options against a schema, with messages that name every problem. */
import * as z from 'zod/mini'
import english from 'zod/v4/locales/en.js'
import { QuarterjackError } from './quarterjack-error.ts'

// Passed with each parse: zod's own configuration is global, and the user's.
const messages = english()

/** Throws `InvalidOption`: `what`, then a line per problem with its path. */
export function checkOptions(schema: z.ZodMiniType, value: unknown, what: string): void {
  const result = schema.safeParse(value, { error: messages.localeError })
  if (!result.success) throw new QuarterjackError('InvalidOption', `${what} has invalid options:\n${z.prettifyError(result.error)}`)
}
