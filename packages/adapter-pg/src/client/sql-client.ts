/** What the rest of the package asks of a database client, whichever it is. The seams of this folder implement it. */

/** A row by position. Every column is selected as text, so that no client's or user's type parser has a say. */
export type Row = readonly (string | null)[]

/** One statement. Parameters are text, cast where they are used: clients disagree about the rest. */
export interface Statement {
  readonly sql: string
  readonly values?: readonly string[]
  /** One of a few texts that are sent again and again: worth preparing, where the server is really one server. */
  readonly isFixed?: boolean
  /** It must not wait behind what the user does with the same client. */
  readonly isUrgent?: boolean
  /** Most often, it asks for what a channel has just told of: the connection that did so may serve it. */
  readonly isHeard?: boolean
}

/** One connection within a transaction. */
export interface Connection {
  query(sql: string, values?: readonly string[]): Promise<readonly Row[]>
  /** Several statements at once, without parameters: one round trip. Answers the rows of the last one that gave any. */
  exec(sql: string): Promise<readonly Row[]>
}

/** One transaction of a server process, whichever way leads to it. */
export interface Backend {
  /** Of `pg_backend_pid()`. */
  readonly backend: string
  /** Of `extract(epoch from now())::text`. The process may serve somebody else by now. */
  readonly begunAt: string
}

/** A transaction that the user's statements and ours share. */
export interface SharedTransaction {
  /** The user's own kind of client, for their part of it. */
  readonly client: unknown
  readonly query: Connection['query']
}

/** Where the news of a channel go. */
export interface ChannelListener {
  /** LISTEN took effect; again after each time the client itself made a new connection. */
  readonly onListening: () => void
  readonly onMessage: (payload: string) => void
  /** The connection is gone; nothing more is heard from this subscription. */
  readonly onLost: (error: unknown) => void
}

/** Ends a subscription. */
export type Unlisten = () => Promise<void>

/** A user's client behind its seam. */
export interface SqlClient {
  /** One statement, one round trip. */
  run(statement: Statement): Promise<readonly Row[]>
  /** One statement of the user's: values and rows are as their client has them. */
  ask(sql: string, values: readonly unknown[]): Promise<readonly unknown[]>
  /** Commits what `work` did, or takes it back if it throws. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /**
   * The same, shared with the user. Once `signal` has aborted, the transaction is taken back whether or not `work` has ended,
   * and whatever `work` still asks of its client is refused. Throws what `work` threw, the signal's reason, what the server
   * said to COMMIT, `TakenBack`, or `CommitInDoubt`.
   */
  share<T>(work: (shared: SharedTransaction) => Promise<T>, signal: AbortSignal): Promise<T>
  /**
   * Stops what that transaction does just now, from a connection apart; false when it is over. Null where the client has one connection,
   * which does one thing at a time.
   */
  readonly stop: ((backend: Backend) => Promise<boolean>) | null
  /** Hears a channel on a connection apart; null where the client has no way to open one. */
  readonly listen: ((channel: string, listener: ChannelListener) => Promise<Unlisten>) | null
  /** Frees what the seam opened itself. The user's client stays open. */
  close(): Promise<void>
}
