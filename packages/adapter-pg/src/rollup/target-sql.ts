/** The target of a rollup as statements, for those who create tables in migrations alone. */
import { quoteName } from '../client/quote-name.ts'
import type { Connection } from '../client/sql-client.ts'
import { describeSelect } from './columns.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { quoteTable } from '../client/table-name.ts'
import { refusedByServer } from './target.ts'
import { type PgAccess, withinClient } from './within-client.ts'

/**
 * The statements that make the target of a rollup of `sqlRollup`: the table and its unique index, as the first refresh would make them. The
 * types are those of the database, so the source must be there; nothing is left behind in it. Throws `InvalidOption` where the server
 * refuses the rollup's SQL.
 */
export async function targetSql(access: PgAccess, { plan }: { readonly plan: RollupPlan }): Promise<string> {
  return withinClient(access, 'targetSql', (connection) => targetSqlWithin(connection, plan))
}

/** The same on a connection. */
export async function targetSqlWithin(connection: Connection, plan: RollupPlan): Promise<string> {
  const columns = await describeSelect(connection, plan).catch((error: unknown) => refusedByServer(plan, error))
  const table = quoteTable(plan.target)
  const lines = [...columns].map(([name, type]) => `  ${quoteName(name)} ${type}${name === plan.windowColumn ? ' not null' : ''}`)
  const keys = [plan.windowColumn, ...plan.keys].map(quoteName).join(', ')
  return `create table ${table} (\n${lines.join(',\n')}\n);\ncreate unique index on ${table} (${keys}) nulls not distinct;\n`
}
