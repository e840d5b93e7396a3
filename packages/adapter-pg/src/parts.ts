/** What the schema is made of. */
import { functions } from './functions/index.ts'
import { migrations } from './schema/migrations/index.ts'
import type { SchemaParts } from './schema/schema-parts.ts'

export const schemaParts: SchemaParts = { migrations, functions }
