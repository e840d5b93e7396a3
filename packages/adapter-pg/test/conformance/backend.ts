/** What the suite needs of a database, whichever client speaks to it. */
import type { Store } from '@quarterjack/core/store'
import type { ConformanceHarness } from '@quarterjack/core/testing'

/** A transaction that the suite opens for `enqueue({ tx })`. */
export type OpenTransaction = Awaited<ReturnType<NonNullable<ConformanceHarness['begin']>>>

/** One empty database, kept open for all cases of a file. */
export interface Backend {
  /** A store on the schema `quarterjack` of the database, over the same client every time. */
  createStore(): Store
  /** Runs statements, separated by semicolons. */
  execute(sql: string): Promise<void>
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  readonly begin?: () => Promise<OpenTransaction>
  /** Ends what a case left open, such as its transactions. */
  readonly endCase: () => Promise<void>
  close(): Promise<void>
}

/** The schema of every store here. */
export const SCHEMA = 'quarterjack'
