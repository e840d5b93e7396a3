/** A function of the schema, as the migration runner creates it. */

/** `sql` is one `create or replace function` statement with unqualified names. */
export interface SqlFunction {
  readonly name: string
  readonly sql: string
}
