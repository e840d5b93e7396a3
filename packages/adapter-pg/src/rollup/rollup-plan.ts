/** Where the rows of a rollup come from, as statements need it. Types only; `plan-rollup.ts` makes one. */
import type { Measure } from './measure.ts'

/** What the statements of a rollup are written from. */
export interface RollupPlan {
  readonly target: string
  readonly windowColumn: string
  /** Columns that tell the rows of a window apart. */
  readonly keys: readonly string[]
  /** A SELECT over `windows`; its columns are the window column, the keys, the values, and perhaps {@link rowsColumn}. */
  readonly select: string
  /** A column of `select` that is not kept: how many rows of the source a group has. Null where only the user knows. */
  readonly rowsColumn: string | null
  /** A SELECT of the oldest instant that the source still holds: windows before it are left alone. Null: none are. */
  readonly oldest: string | null
}

/** What a coarser rollup may be made of. */
export interface RollupParts {
  readonly by: readonly string[]
  readonly measures: Readonly<Record<string, Measure>>
}

/** A plan, and its parts; those are null for the user's own SELECT. */
export interface PlannedRollup {
  readonly plan: RollupPlan
  readonly parts: RollupParts | null
}
