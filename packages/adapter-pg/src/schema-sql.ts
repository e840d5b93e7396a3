/** The schema as text, for administrators who run such things themselves. */
import { checkedOptions } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { quoteName } from './client/quote-name.ts'
import { schemaName } from './client/schema-name.ts'
import { PG_STORE_DEFAULTS } from './options.ts'
import { schemaParts } from './parts.ts'
import { libraryVersion } from './schema/library-version.ts'
import { migrationLock, planMigration } from './schema/plan-migration.ts'
import { versionOf } from './schema/schema-parts.ts'

/** Options of {@link schemaSql}. */
export interface SchemaSqlOptions {
  /** Default `quarterjack`. */
  readonly schema?: string
  /** The version that the schema has now; 0, the default, for a new one. `select version from quarterjack.meta` tells. */
  readonly from?: number
  /** The database user of the service: granted what it needs with `migrate: false`, and no more. */
  readonly grantTo?: string
}

const newest = versionOf(schemaParts)

const optionsSchema = z.strictObject({
  schema: z.optional(schemaName),
  from: z.optional(
    z.number().check(z.int(), z.gte(0), z.lte(newest, `must be at most ${newest}, the newest version that this code knows`)),
  ),
  grantTo: z.optional(z.string().check(z.minLength(1), z.maxLength(63))),
})

/**
 * The SQL that `open()` would run, as one script for psql: it creates the schema, or brings it from version `from` to the
 * one that this code needs. Services then open the store with `migrate: false`.
 */
export function schemaSql(options: SchemaSqlOptions = {}): string {
  const { schema = PG_STORE_DEFAULTS.schema, from = 0, grantTo } = checkedOptions(optionsSchema, options, { what: 'schemaSql' })
  const library = libraryVersion()
  return [
    `-- Schema "${schema}" of @quarterjack/adapter-pg ${library}: from version ${from} to ${newest}.`,
    'begin;',
    migrationLock(schema),
    planMigration(schemaParts, { schema, from, library, createsSchema: from === 0 }),
    ...(grantTo === undefined ? [] : grants(schema, grantTo)),
    'commit;',
    '',
  ].join('\n')
}

/** Rows, but not tables; and not the books of which version the schema has. */
function grants(schema: string, user: string): readonly string[] {
  return [
    `grant usage on schema ${quoteName(schema)} to ${quoteName(user)};`,
    `grant select on all tables in schema ${quoteName(schema)} to ${quoteName(user)};`,
    `do $$ begin execute (
  select 'grant insert, update, delete on ' || string_agg(format('%I.%I', t.schemaname, t.tablename), ', ') || ' to ${quoteName(user).replaceAll("'", "''")}'
  from pg_tables t where t.schemaname = '${schema}' and t.tablename not in ('meta', 'migrations')
); end $$;`,
    `grant usage on all sequences in schema ${quoteName(schema)} to ${quoteName(user)};`,
    `grant execute on all functions in schema ${quoteName(schema)} to ${quoteName(user)};`,
  ]
}
