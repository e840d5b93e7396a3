/** Options of {@link pgStore}: checked, defaulted, frozen. */
import { checkedOptions, type NameHints, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { createNodePgClient, type PgPool, type PgPoolClient } from './client/node-pg.ts'
import { createPGliteClient, type PGliteDatabase, type PGliteTransaction } from './client/pglite.ts'
import { createPostgresJsClient } from './client/postgres-js.ts'
import type { PostgresJsQueries, PostgresJsSql } from './client/postgres-js-shape.ts'
import { schemaName } from './client/schema-name.ts'
import type { SqlClient } from './client/sql-client.ts'
import type { HintMode } from './hints/hints.ts'

/** What every client's store takes. */
export interface PgStoreSettings {
  /**
   * The schema that the store has to itself: at most 50 letters, digits and `_`, beginning with a letter or `_`.
   * Processes share work when they share the database and the schema. Default `quarterjack`.
   */
  readonly schema?: string
  /**
   * Whether `open()` creates the schema and brings it up to date. With false it only checks, and says what is missing:
   * for users who lack the privileges; an administrator runs the text of `schemaSql()`. Default true.
   */
  readonly migrate?: boolean
  /**
   * Whether processes tell each other over NOTIFY that there is work, which saves the wait for the next poll. `auto`:
   * where it can work, in silence where it cannot. True: the same, and a process warning where it cannot. False:
   * neither listen nor tell. Default `auto`.
   */
  readonly hints?: boolean | 'auto'
}

/** A client of Postgres, which stays the user's to end. `Client` is what `transaction` and `commitWith` hand to their work. */
export type PgClientOptions<Client = unknown> =
  | {
      /** A pool of `pg`. Two connections are enough; the store may open up to three more of its own: for hints, and for renewals and other calls while the pool is taken. */
      readonly pool: PgPool<Client & PgPoolClient>
    }
  | {
      /** A PGlite database of this process. */
      readonly pglite: PGliteDatabase<Client & PGliteTransaction>
    }
  | {
      /** What `postgres(…)` of postgres.js returned. */
      readonly sql: PostgresJsSql<Client & PostgresJsQueries>
    }

/** The client, and settings. */
export type PgStoreOptions<Client = unknown> = PgStoreSettings & PgClientOptions<Client>

/** What {@link pgStore} takes for granted. */
export const PG_STORE_DEFAULTS = { schema: 'quarterjack', migrate: true, hints: 'auto' } as const

export interface ResolvedPgStoreOptions {
  readonly client: SqlClient
  readonly schema: string
  readonly migrates: boolean
  readonly hints: HintMode
  /** The database belongs to this process alone. */
  readonly isEmbedded: boolean
  /** It outlives the process. */
  readonly isDurable: boolean
}

const CLIENTS = ['pool', 'pglite', 'sql'] as const
type PgClients = Partial<Record<(typeof CLIENTS)[number], unknown>>

const has =
  (...members: readonly string[]): ((value: unknown) => boolean) =>
  (value) =>
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    members.every((member) => typeof (value as Readonly<Record<string, unknown>>)[member] === 'function')

const isPool = has('connect', 'query', 'on')
const isPGlite = has('query', 'exec', 'transaction', 'listen')
const isPostgresJs = has('unsafe', 'begin', 'listen')

const clientShape = {
  pool: z.optional(z.custom<PgPool>(isPool, 'must be a pool of "pg", new Pool({ … }), since a single client cannot serve')),
  pglite: z.optional(z.custom<PGliteDatabase>(isPGlite, 'must be a PGlite database: await PGlite.create(…)')),
  sql: z.optional(z.custom<PostgresJsSql>(isPostgresJs, 'must be what postgres(…) of postgres.js returned')),
}
const clientSchema = z.strictObject(clientShape)
const optionsSchema = z.strictObject({
  ...clientShape,
  schema: z.optional(schemaName),
  migrate: z.optional(z.boolean()),
  hints: z.optional(z.union([z.boolean(), z.literal('auto')], 'use true, false or "auto"')),
})

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  client: 'write pool: new Pool({ … })',
  db: 'write pool, pglite or sql',
  connection: 'write pool: new Pool({ … })',
  connectionString: 'write pool: new Pool({ connectionString })',
  url: 'write pool: new Pool({ connectionString: url })',
  host: 'write pool: new Pool({ host })',
  database: 'write pool: new Pool({ database })',
  postgres: 'write sql: postgres(…)',
  schemaName: 'write schema',
  prefix: 'write schema',
  migrations: 'write migrate',
  listen: 'write hints',
}

/** Throws `InvalidOption` and names every problem. */
export function resolvePgStoreOptions(options: PgStoreOptions): ResolvedPgStoreOptions {
  refuseClients(options, 'pgStore')
  const checked = checkedOptions(optionsSchema, options, { what: 'pgStore', hints: HINTS })
  const { pglite, schema = PG_STORE_DEFAULTS.schema, migrate = PG_STORE_DEFAULTS.migrate, hints = PG_STORE_DEFAULTS.hints } = checked
  const settings = {
    schema,
    migrates: migrate,
    hints,
    isEmbedded: pglite !== undefined,
    isDurable: pglite === undefined || isOnDisk(pglite),
  }
  return Object.freeze({ client: theClient(checked, 'pgStore'), ...settings })
}

/** The client of an option of its own. Throws `InvalidOption`. */
export function resolveClient(options: PgClientOptions, what: string): SqlClient {
  refuseClients(options, what)
  return theClient(checkedOptions(clientSchema, options, { what, hints: HINTS }), what)
}

/** The same where a client may be missing: null then. Other options are none of its business. */
export function clientIn({ pool, pglite, sql }: PgClients, what: string): SqlClient | null {
  const given = Object.entries({ pool, pglite, sql }).filter(([, value]) => value !== undefined)
  return given.length === 0 ? null : resolveClient(Object.fromEntries(given) as unknown as PgClientOptions, what)
}

/** The likeliest mistakes: a client in the place of the options, and two clients, of which one is left over. */
function refuseClients(options: unknown, what: string): void {
  const bare = isPGlite(options)
    ? (['a PGlite database', 'pglite'] as const)
    : isPostgresJs(options)
      ? (['the client of postgres.js', 'sql'] as const)
      : isPool(options)
        ? (['a pool', 'pool'] as const)
        : null
  if (bare !== null) throw new QuarterjackError('InvalidOption', `${what}: this is ${bare[0]}. Write ${what}({ ${bare[1]} }).`)
  if (typeof options !== 'object' || options === null) return
  const given = CLIENTS.filter((name) => (options as PgClients)[name] !== undefined)
  if (given.length > 1) throw new QuarterjackError('InvalidOption', `${what}: ${given.join(' and ')} were given. Give one of them.`)
}

function theClient(checked: z.infer<typeof clientSchema>, what: string): SqlClient {
  const { pool, pglite, sql } = checked
  if (CLIENTS.every((name) => checked[name] === undefined)) {
    throw new QuarterjackError('InvalidOption', `${what}: no client was given. Give one of pool, pglite, sql.`)
  }
  if (pool !== undefined) return createNodePgClient(pool)
  return sql === undefined ? createPGliteClient(pglite as PGliteDatabase) : createPostgresJsClient(sql)
}

function isOnDisk(pglite: object): boolean {
  const { dataDir } = pglite as { readonly dataDir?: unknown }
  return typeof dataDir === 'string' && dataDir !== '' && !dataDir.startsWith('memory://')
}
