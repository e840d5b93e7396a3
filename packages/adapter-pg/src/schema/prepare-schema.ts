/** Makes the schema ready for this code, or says what is missing. */
import { QuarterjackError } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import type { Connection } from '../client/sql-client.ts'
import { pause } from '../client/timers.ts'
import { libraryVersion } from './library-version.ts'
import { migrationLock, planMigration } from './plan-migration.ts'
import { readState, type SchemaState } from './read-state.ts'
import { type SchemaParts, versionOf } from './schema-parts.ts'

/** The oldest server that the project is tested with. */
const OLDEST_SERVER = 15

/** Of a migration that others are in the way of. */
const MOST_TRIES = 12
/** For those behind to get through. */
const BETWEEN_TRIES_MS = 300

/** Which schema, of which store, and whether it may be changed. */
export interface SchemaWish {
  readonly store: string
  readonly schema: string
  readonly migrates: boolean
}

/**
 * Brings the schema to this code's version, whoever else does the same at the same moment. Throws `SchemaNewer` when a
 * later version of the library made a change that this one cannot work with.
 */
export async function prepareSchema(driver: Driver, parts: SchemaParts, wish: SchemaWish): Promise<void> {
  const state = await readState((sql, values) => driver.query('open', { sql, values: values ?? [] }), wish.schema)
  checkServer(state, wish)
  if (isReady(state, parts, wish)) return
  if (!wish.migrates) throw missing(state, parts, wish)
  for (let attempt = 1; ; attempt++) {
    try {
      return await driver.transaction('open: migrate', (connection) => migrate(connection, parts, wish))
    } catch (error) {
      if (attempt === MOST_TRIES || !isInTheWay(error)) throw error
      await pause(BETWEEN_TRIES_MS)
    }
  }
}

/** Somebody held a table for too long, or waited for us while we waited for them. */
function isInTheWay(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown }
  return code === '55P03' || code === '40P01'
}

async function migrate(connection: Connection, parts: SchemaParts, wish: SchemaWish): Promise<void> {
  // The user's limits are meant for calls. Notices would be printed by some clients.
  await connection.exec(
    `set local statement_timeout = 0; set local lock_timeout = 0; set local client_min_messages = warning; ${migrationLock(wish.schema)}`,
  )
  const state = await readState(connection.query, wish.schema)
  if (isReady(state, parts, wish)) return
  if (!state.hasSchema && !state.mayCreateSchema) throw mayNotCreate(state, wish)
  const { schema } = wish
  await connection.exec(planMigration(parts, { schema, from: state.version, library: libraryVersion(), createsSchema: !state.hasSchema }))
}

/** True when this code can work on it as it is. Throws `SchemaNewer` when it never will. */
function isReady(state: SchemaState, parts: SchemaParts, { store, schema }: SchemaWish): boolean {
  const own = versionOf(parts)
  if (state.version > own && state.oldestCode > own) {
    throw new QuarterjackError(
      'SchemaNewer',
      `store "${store}": the schema "${schema}" has version ${state.version}, which needs code of version ${state.oldestCode} or later; this one is of version ${own}. Upgrade @quarterjack/adapter-pg here.`,
    )
  }
  return state.version >= own
}

function checkServer(state: SchemaState, { store }: SchemaWish): void {
  const refuse = (why: string): never => {
    throw new QuarterjackError('StoreUnsupported', `store "${store}": open: ${why}`)
  }
  const major = Math.floor(state.server / 10_000)
  if (major < OLDEST_SERVER) refuse(`the server is Postgres ${major}; ${OLDEST_SERVER} or later is needed. Upgrade it.`)
  if (state.encoding !== 'UTF8') {
    refuse(
      `database "${state.database}" is encoded in ${state.encoding}; names and payloads need UTF8. Use a database made with: encoding 'UTF8'.`,
    )
  }
  if (state.isolation !== 'read committed') {
    refuse(
      `default_transaction_isolation is "${state.isolation}" for user "${state.user}"; the store needs "read committed". Set it for this user, or for this client's connections.`,
    )
  }
  if (state.isReadOnly) {
    throw new QuarterjackError(
      'StoreUnavailable',
      `store "${store}": open: the server only takes reads: it is a standby, or default_transaction_read_only is on. Connect to the primary.`,
    )
  }
}

function missing(state: SchemaState, parts: SchemaParts, { store, schema }: SchemaWish): QuarterjackError {
  const own = versionOf(parts)
  const found = !state.hasSchema
    ? 'there is no such schema'
    : !state.mayUseSchema
      ? `user "${state.user}" has no USAGE privilege on it`
      : state.version === 0
        ? 'nothing of the library is in it'
        : `it has version ${state.version}`
  return new QuarterjackError(
    'SchemaMissing',
    `store "${store}": open: schema "${schema}" of database "${state.database}" is not ready: ${found}, and version ${own} is needed. Let an administrator run the text of schemaSql({ schema: '${schema}', from: ${state.version} }), or open the store once with migrate: true.`,
  )
}

function mayNotCreate({ user, database }: SchemaState, { store, schema }: SchemaWish): QuarterjackError {
  return new QuarterjackError(
    'StoreUnavailable',
    `store "${store}": open: user "${user}" may not create the schema "${schema}" in database "${database}". Run: grant create on database ${JSON.stringify(database)} to ${JSON.stringify(user)}; or let an administrator run the text of schemaSql({ schema: '${schema}' }).`,
  )
}
