/** Entry `@quarterjack/adapter-pg`: the Postgres store. */

// The store.
export { pgStore } from './pg-store.ts'
export type { PgStore } from './pg-store.ts'
export { PG_STORE_DEFAULTS } from './options.ts'
export type { PgClientOptions, PgStoreOptions, PgStoreSettings } from './options.ts'
export type { HintStatus } from './hints/hints.ts'
export type { CommitWith } from './verbs/commit-with.ts'
export type { CommitOptions } from './verbs/commit-options.ts'

// Jobs over a database.
export { refreshMaterializedView } from './rollup/materialized-view.ts'
export type { MaterializedViewOptions } from './rollup/materialized-view.ts'

// What it needs of the user's client.
export type { PgPool, PgPoolClient } from './client/node-pg.ts'
export type { PgClient, PgQuery } from './client/node-pg-own.ts'
export type { PGliteDatabase, PGliteTransaction } from './client/pglite.ts'
export type { PostgresJsQueries, PostgresJsQuery, PostgresJsSql } from './client/postgres-js-shape.ts'
export type { UserTransaction } from './client/user-transaction.ts'

// The schema.
export { schemaSql } from './schema-sql.ts'
export type { SchemaSqlOptions } from './schema-sql.ts'
