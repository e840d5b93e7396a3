/** What a refresh can do with the rows of its target beside refreshing them. Types only; `sqlRollup` of adapter-pg gives one. */
import type { Logger } from '../observe/logger.ts'

/** The target of a {@link Refresh}: carried by the function, so that the scheduler and its command line can ask. */
export interface RefreshTarget {
  /** Copies the rows of windows that start in `[from, to)`, beside the target. */
  readonly snapshot: (range: { readonly from: Date; readonly to: Date }, ctx: TargetContext) => Promise<TargetCopy>
  /** Replaces the rows of a snapshot's range by those of the snapshot, which stays. All of them, or none. */
  readonly restore: (snapshot: string, ctx: RestoreContext) => Promise<RestoredRange>
  /** The statements that make the target, for those who create tables in migrations alone. */
  readonly sql: (ctx: TargetContext) => Promise<string>
  /** What is wrong, or dear, about how the rollup reads its source. Writes nothing. */
  readonly examine: (ctx: ExamineContext) => Promise<readonly Finding[]>
}

/** What those functions get. */
export interface TargetContext {
  readonly log: Logger
  /** Runs `work` in a transaction of the store, over one snapshot; it is rolled back. Throws `TransactionsUnsupported` on a store without. */
  readonly readWith: <T>(work: (tx: unknown) => Promise<T>) => Promise<T>
  /** Runs `work` in a transaction of the store, and commits it. Throws `TransactionsUnsupported` on a store without. */
  readonly writeWith: <T>(work: (tx: unknown) => Promise<T>) => Promise<T>
}

/** What a restoration gets besides. */
export interface RestoreContext extends TargetContext {
  /**
   * Marks the range for the rollups that come after this one, within a transaction of `writeWith`: they are marked exactly if the rows
   * are back. Where it is not called, they are marked afterwards.
   */
  readonly markParents: (tx: unknown, range: { readonly from: Date; readonly to: Date }) => Promise<void>
}

/** What an examination gets besides. */
export interface ExamineContext extends TargetContext {
  /** The scheduler's store, as it was given: an adapter may know it as its own. */
  readonly store: object
  /** The rollup's `capture` is `complete`: who changes its source marks it. */
  readonly isComplete: boolean
}

/** Where copied rows are. */
export interface TargetCopy {
  /** By this name they are restored. */
  readonly snapshot: string
  readonly rows: number
}

/** What was put back. */
export interface RestoredRange {
  readonly rows: number
  /** Of the windows whose rows were replaced. */
  readonly from: Date
  readonly to: Date
}

/** One line of an examination. `fail`: figures are wrong, or get wrong. `warn`: they may, or cost more than they need. */
export interface Finding {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; `null` when nothing need be done. */
  readonly remedy: string | null
}
