/** Entry `@quarterjack/adapter-pg`: the Postgres store. */

// The store.
export { pgStore } from './pg-store.ts'
export type { PgStore } from './pg-store.ts'
export { PG_STORE_DEFAULTS } from './options.ts'
export type { PgClientOptions, PgStoreOptions, PgStoreSettings } from './options.ts'
export type { HintStatus } from './hints/hints.ts'
export type { CommitWith } from './verbs/commit-with.ts'
export type { CommitOptions } from './verbs/commit-options.ts'
export type { Query, Transact } from './verbs/own-work.ts'

// Jobs over a database.
export { refreshMaterializedView } from './rollup/materialized-view.ts'
export type { MaterializedViewOptions } from './rollup/materialized-view.ts'

// Rollups in SQL.
export { sqlRollup } from './rollup/sql-rollup.ts'
export type { SqlRefreshContext, SqlRollup } from './rollup/sql-rollup.ts'
export type {
  ComposableRollup,
  ComposedRollupOptions,
  FreeRollupOptions,
  GroupBy,
  RollupClient,
  RollupTarget,
  SourceRollupOptions,
} from './rollup/rollup-options.ts'
export type { RollupParts, RollupPlan } from './rollup/rollup-plan.ts'
export { aggregate, avg, count, countIf, distinct, first, last, max, min, percentile, ratio, sum } from './rollup/measure.ts'
export type { Composition, Measure, Part } from './rollup/measure.ts'
export { verifyRollup } from './rollup/verify-rollup.ts'
export type { DriftedRow, VerifyRequest } from './rollup/verify-rollup.ts'
export { targetSql } from './rollup/target-sql.ts'
export { restoreTarget, snapshotTarget } from './rollup/snapshot-target.ts'
export type { TargetRange, TargetSnapshot } from './rollup/snapshot-target.ts'
export type { PgAccess } from './rollup/within-client.ts'

// What changes in a table, marked by triggers.
export { captureChanges, captureDoctor, removeCapture } from './capture/capture-changes.ts'
export type { Capture } from './capture/capture-changes.ts'
export type { CapturedTable, CaptureOptions } from './capture/capture-options.ts'
export type { CaptureCheck } from './capture/judge-capture.ts'
export { withoutMarks } from './capture/without-marks.ts'
export type { LoadedRange, WithoutMarksOptions } from './capture/without-marks.ts'

// What it needs of the user's client.
export type { PgPool, PgPoolClient } from './client/node-pg.ts'
export type { PgClient, PgQuery } from './client/node-pg-own.ts'
export type { PGliteDatabase, PGliteTransaction } from './client/pglite.ts'
export type { PostgresJsQueries, PostgresJsQuery, PostgresJsSql } from './client/postgres-js-shape.ts'
export type { UserTransaction } from './client/user-transaction.ts'

// The schema.
export { schemaSql } from './schema-sql.ts'
export type { SchemaSqlOptions } from './schema-sql.ts'
