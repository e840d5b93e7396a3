/** Names of users' tables and columns. */
import * as z from 'zod/mini'
import { quoteName } from './quote-name.ts'

/** `name` or `schema.name`, as it was created: upper case counts. */
export const tableName: z.ZodMiniString = z
  .string()
  .check(
    z.regex(
      /^(?:[a-z_][a-z0-9_$]{0,62}\.)?[a-z_][a-z0-9_$]{0,62}$/i,
      'use the name of a table, name or schema.name, of letters, digits and "_"',
    ),
  )

/** A column, as it was created; short enough for what is put behind it. */
export const columnName: z.ZodMiniString = z
  .string()
  .check(z.regex(/^[a-z_][a-z0-9_$]{0,49}$/i, 'use the name of a column, at most 50 letters, digits and "_"'))

/** A time zone that is safe in every statement; whether the server knows it is the server's to say. */
export const zoneName: z.ZodMiniString = z
  .string()
  .check(z.regex(/^[a-z0-9_+\-/]+$/i, 'use the name of a time zone, such as "Europe/Berlin"'))

/** The name of a table as SQL reads it. */
export function quoteTable(name: string): string {
  return name.split('.').map(quoteName).join('.')
}
