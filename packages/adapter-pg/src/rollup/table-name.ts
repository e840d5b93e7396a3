/** Names of users' tables. */
import * as z from 'zod/mini'
import { quoteName } from '../client/quote-name.ts'

/** `name` or `schema.name`, as it was created: upper case counts. */
export const tableName: z.ZodMiniString = z
  .string()
  .check(
    z.regex(
      /^(?:[a-z_][a-z0-9_$]{0,62}\.)?[a-z_][a-z0-9_$]{0,62}$/i,
      'is not usable as a table; write name or schema.name, of letters, digits and "_"',
    ),
  )

/** The same as SQL reads it. */
export function quoteTable(name: string): string {
  return name.split('.').map(quoteName).join('.')
}
