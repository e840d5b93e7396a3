/** What the server is, and what stands in the schema. */
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'

/** Found before anything is written. */
export interface SchemaState {
  /** `server_version_num`: 150004 is 15.4. */
  readonly server: number
  readonly encoding: string
  readonly isolation: string
  readonly isReadOnly: boolean
  readonly user: string
  readonly database: string
  readonly hasSchema: boolean
  readonly mayUseSchema: boolean
  readonly mayCreateSchema: boolean
  /** 0 while nothing of the library is there. */
  readonly version: number
  readonly oldestCode: number
}

// Only catalogs and functions that everybody may read.
const FACTS = /* sql */ `
select current_setting('server_version_num'), current_setting('server_encoding'), current_setting('default_transaction_isolation'),
  current_setting('transaction_read_only'), current_user::text, current_database()::text,
  (n.oid is not null)::text, coalesce(has_schema_privilege(n.oid, 'usage'), false)::text,
  has_database_privilege(current_database(), 'create')::text,
  exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'meta')::text
from (values ($1::text)) as asked(name) left join pg_catalog.pg_namespace n on n.nspname = asked.name`

/** Runs on one connection, or on any. */
export async function readState(query: Connection['query'], schema: string): Promise<SchemaState> {
  const [row = []] = await query(FACTS, [schema])
  const [server, encoding, isolation, isReadOnly, user, database, hasSchema, mayUse, mayCreate, hasMeta] = row.map((value) => value ?? '')
  const mayUseSchema = mayUse === 'true'
  const [version, oldestCode] = hasMeta === 'true' && mayUseSchema ? await readVersion(query, schema) : [0, 0]
  return {
    server: Number(server),
    encoding: encoding ?? '',
    isolation: isolation ?? '',
    isReadOnly: isReadOnly === 'on',
    user: user ?? '',
    database: database ?? '',
    hasSchema: hasSchema === 'true',
    mayUseSchema,
    mayCreateSchema: mayCreate === 'true',
    version,
    oldestCode,
  }
}

async function readVersion(query: Connection['query'], schema: string): Promise<readonly [number, number]> {
  const rows = await query(`select version::text, oldest_code::text from ${quoteName(schema)}.meta`, [])
  return [Number(rows[0]?.[0] ?? 0), Number(rows[0]?.[1] ?? 0)]
}
