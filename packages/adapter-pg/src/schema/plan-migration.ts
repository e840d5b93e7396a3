/** From a version to the newest, as SQL: what the runner executes and what administrators are shown. Pure. */
import { quoteName } from '../client/quote-name.ts'
import { type SchemaParts, versionOf } from './schema-parts.ts'

/** Where to begin. */
export interface MigrationStart {
  readonly schema: string
  /** 0: nothing is there but, perhaps, the schema itself. */
  readonly from: number
  /** Of this library; noted beside each step. */
  readonly library: string
  readonly createsSchema: boolean
}

/** How long everybody may have to wait behind a migration that waits itself. */
const LONGEST_STAND_MS = 2_000

/** The library keeps its own books: which version the tables have, and since when. */
const BOOKS = /* sql */ `
-- One row: the version of the schema, and the oldest version of the code that still works on it.
create table meta (
  is_only boolean primary key default true constraint meta_is_only_check check (is_only),
  version int not null,
  oldest_code int not null
);
insert into meta (version, oldest_code) values (0, 0);

-- Every step that was taken.
create table migrations (
  version int primary key,
  name text not null,
  applied_at timestamptz not null default clock_timestamp(),
  library text not null
);
`

/** The statements, to be run in one transaction under {@link migrationLock}. */
export function planMigration(parts: SchemaParts, { schema, from, library, createsSchema }: MigrationStart): string {
  const quoted = quoteName(schema)
  const steps = parts.migrations.filter(({ version }) => version > from)
  const version = versionOf(parts)
  const oldestCode = Math.max(1, ...parts.migrations.map((step) => step.oldestCode))
  return [
    ...(createsSchema ? [`create schema if not exists ${quoted};`] : []),
    `set local search_path to ${quoted}, pg_temp;`,
    ...(from === 0 ? [] : alone(schema)),
    // Functions may call each other in any order.
    'set local check_function_bodies = off;',
    ...(from === 0 ? [BOOKS] : []),
    ...steps.map((step) => ended(step.sql)),
    ...parts.functions.internal.map(({ sql }) => ended(sql)),
    ...parts.functions.public.flatMap(({ name, sql }) => [ended(sql), `alter function ${name} set search_path to ${quoted}, pg_temp;`]),
    ...steps.map(
      (step) => `insert into migrations (version, name, library) values (${step.version}, ${literal(step.name)}, ${literal(library)});`,
    ),
    `update meta set version = ${version}, oldest_code = ${oldestCode};`,
  ].join('\n')
}

/** Who migrates a schema is alone with it until the transaction ends. */
export function migrationLock(schema: string): string {
  return `select pg_advisory_xact_lock(hashtextextended(${literal(`${schema}/quarterjack-migration`)}, 0));`
}

/**
 * Processes may be at work: those that write wait from here on, the few that only read are in the way for a moment. What is
 * still in the way then fails the migration as a whole, so that it does not hold up everybody else; it is begun again.
 */
function alone(schema: string): readonly string[] {
  return [
    `set local lock_timeout = ${LONGEST_STAND_MS};`,
    // The lock of `lock_definitions()`.
    `select pg_advisory_xact_lock(hashtextextended(${literal(`${schema}/quarterjack-definitions`)}, 0));`,
  ]
}

/** Others follow. */
function ended(sql: string): string {
  const text = sql.trim()
  return text === '' || text.endsWith(';') ? text : `${text};`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
