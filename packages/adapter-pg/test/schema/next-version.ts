/** A version of the schema that is yet to come, as this version of the code will meet it in a rolling deploy. */
import { schemaParts } from '../../src/parts.ts'
import { prepareSchema } from '../../src/schema/prepare-schema.ts'
import { type SchemaParts, versionOf } from '../../src/schema/schema-parts.ts'
import type { SqlFunction } from '../../src/schema/sql-function.ts'
import type { Driver } from '../../src/client/driver.ts'

const TABLES = [
  'absorbed',
  'backfills',
  'bids',
  'debounces',
  'gates',
  'held_gates',
  'history',
  'idempotency',
  'jobs',
  'leases',
  'mark_sources',
  'marks',
  'owners',
  'rollups',
  'runs',
  'schedules',
  'sealed_marks',
  'skips',
  'trigger_log',
  'window_commits',
  'windows',
]

/** Another body under the same signature. */
const changed = ({ name, sql }: SqlFunction): SqlFunction => ({ name, sql: sql.replace(/\$\$\n/, '$$$$\n-- Written anew.\n') })

/** One more column in every table, and every function written anew. */
export const nextParts: SchemaParts = {
  migrations: [
    ...schemaParts.migrations,
    {
      version: versionOf(schemaParts) + 1,
      name: 'made up',
      sql: TABLES.map((table) => `alter table ${table} add made_up text;`).join('\n'),
      oldestCode: versionOf(schemaParts),
    },
  ],
  functions: { public: schemaParts.functions.public.map(changed), internal: schemaParts.functions.internal.map(changed) },
}

/** Brings the schema `quarterjack` there. */
export const migrateToNext = (driver: Driver): Promise<void> =>
  prepareSchema(driver, nextParts, { store: 'pg', schema: 'quarterjack', migrates: true })
