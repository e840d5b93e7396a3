/** What tells a target from another one of that name: in another database, or made anew. */
import type { Connection } from '../client/sql-client.ts'
import { quoteTable } from '../client/table-name.ts'

/** A text, as an expression of SQL. Null: the table is not there. */
export function identitySql(target: string): string {
  return `(select d.oid from pg_database d where d.datname = current_database()) || '/' || to_regclass('${quoteTable(target)}')::oid`
}

/** Null: it is not there. */
export async function identityOf(connection: Connection, target: string): Promise<string | null> {
  const [row] = await connection.query(`select ${identitySql(target)} as identity`)
  return row?.[0] ?? null
}
