/** The name of the store's schema. */
import * as z from 'zod/mini'

/** A name that is safe in every statement, and leaves room for what is put behind it in names of 63 bytes. */
export const schemaName: z.ZodMiniString = z.string().check(
  z.regex(/^[a-z_][a-z0-9_]*$/i, 'use letters, digits and "_", beginning with a letter or "_"'),
  z.maxLength(50, 'use at most 50 characters'),
  z.refine((name) => !/^(?:pg_|information_schema$)/i.test(name), 'such names are reserved by Postgres, choose another'),
)
