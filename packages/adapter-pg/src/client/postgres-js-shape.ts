/** What postgres.js looks like to the store. */

/** The part of `postgres(…)` that the store uses. */
export interface PostgresJsSql<Transaction extends PostgresJsQueries = PostgresJsQueries> extends PostgresJsQueries {
  begin(work: (tx: Transaction) => Promise<unknown>): Promise<unknown>
  // As postgres.js declares it: only so can a compiler tell what its transactions are.
  begin(options: never, work: (tx: Transaction) => Promise<unknown>): Promise<unknown>
  listen(channel: string, onMessage: (payload: string) => void, onListening?: () => void): Promise<{ unlisten(): Promise<unknown> }>
}

/** What its transactions have, too. */
export interface PostgresJsQueries {
  unsafe(sql: string, values?: unknown[], options?: { prepare?: boolean }): PostgresJsQuery
}

/** A query that is sent when it is awaited. */
export interface PostgresJsQuery extends PromiseLike<unknown> {
  values(): PromiseLike<readonly unknown[]>
  /** Null until it was sent. */
  readonly state?: unknown
  /** Takes it back while it was not sent; it fails then. */
  cancel?(): unknown
}
