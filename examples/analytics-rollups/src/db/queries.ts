/** What the service needs of a database: the part that `pg` and PGlite have in common. */

/** A connection, or a transaction. */
export interface Queries {
  query(sql: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>
}

/** The rows of a statement. `Row` is taken on trust: it stands beside the SQL that it describes. */
export async function select<Row>(db: Queries, sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  return (await db.query(sql, [...values])).rows as readonly Row[]
}

/** SQL for a column of instants as epoch milliseconds, which is what plain code calculates with. */
export function ms(column: string): string {
  return `(extract(epoch from ${column}) * 1000)::float8`
}

/** An instant as a parameter. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}
