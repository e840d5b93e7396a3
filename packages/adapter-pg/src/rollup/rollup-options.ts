/** Options of {@link sqlRollup}: what users write, and what is left of it once it was checked. */
import { checkedOptions, type NameHints } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import type { PgPool } from '../client/node-pg.ts'
import type { PGliteDatabase } from '../client/pglite.ts'
import type { PostgresJsSql } from '../client/postgres-js-shape.ts'
import type { Measure } from './measure.ts'
import type { RollupParts, RollupPlan } from './rollup-plan.ts'
import { columnName, tableName, zoneName } from '../client/table-name.ts'

/** A column of the source by its name, or a name and the SQL expression behind it. */
export type GroupBy = string | Readonly<Record<string, string>>

/**
 * The database of source and target, where it is not the store's: with Redis, or in memory. At most one. A refresh then has a
 * transaction of its own, and is recorded after its commit: at least once, which does no harm, since it writes only what differs.
 */
export interface RollupClient {
  readonly pool?: PgPool
  readonly pglite?: PGliteDatabase
  readonly sql?: PostgresJsSql
}

/** What every kind of rollup in SQL has. */
export interface RollupTarget extends RollupClient {
  /** Table of the figures, made if it is not there: `name` or `schema.name`. It belongs to this rollup. */
  readonly target: string
  /** The target's column of window starts, `timestamptz`. Default `window_start`. */
  readonly windowColumn?: string
}

/** From rows of a table. */
export interface SourceRollupOptions extends RollupTarget {
  /** Table or view of the rows: `name` or `schema.name`. */
  readonly source: string
  /** The source's column of instants, `timestamptz`; wants an index that begins with it. */
  readonly time: string
  /** For a column of type `timestamp`: the zone that its values are meant in. */
  readonly timeZone?: string
  /** One row per window and combination of these. Null is a value like others. Default: one row per window that has any. */
  readonly by?: readonly GroupBy[]
  readonly measures: Readonly<Record<string, Measure>>
  /** An SQL condition on rows of the source, which is `r` there. */
  readonly where?: string
  /**
   * `oldest`: figures outlive their rows. A window that ends before the oldest row of the source keeps the rows it has, whatever
   * was deleted; so does the one with the oldest row, when rows were taken away. Default `none`: the target follows the source.
   */
  readonly guard?: 'oldest' | 'none'
}

/** From a finer rollup: its measures are put together, without a look at the source. */
export interface ComposedRollupOptions extends RollupTarget {
  /** What `sqlRollup` made for the finer one. Its client is this one's, too, unless given. */
  readonly from: ComposableRollup
  /** Groups to keep, of those that `from` has. Default: all. */
  readonly by?: readonly string[]
  /** Measures to keep, of those that `from` has. Default: all. Each must compose. */
  readonly measures?: readonly string[]
}

/** The user's own SELECT. */
export interface FreeRollupOptions extends RollupTarget {
  /** Columns that tell the rows of a window apart. */
  readonly key: readonly string[]
  /**
   * A SELECT over the relation `windows (window_start, window_end)`, which it must join: one row per window and key, with the
   * window's start in the target's window column.
   */
  readonly select: string
}

/** As much of a rollup in SQL as a coarser one is made of. */
export interface ComposableRollup {
  readonly plan: RollupPlan
  /** Null for the user's own SELECT, which does not compose. */
  readonly parts: RollupParts | null
}

const expression = z.string().check(z.trim(), z.minLength(1, 'write an SQL expression'))
const measure = z.custom<Measure>(
  (value) => typeof value === 'object' && value !== null && Array.isArray((value as Partial<Measure>).parts),
  'use count(), sum(…), avg(…), percentile(…) and their kin',
)
const rollup = z.custom<ComposableRollup>(
  (value) => typeof value === 'function' && 'plan' in value && 'parts' in value,
  'must be what sqlRollup() returned',
)
// What a client must be is said where it is resolved.
const client = { pool: z.optional(z.unknown()), pglite: z.optional(z.unknown()), sql: z.optional(z.unknown()) }
const target = { ...client, target: tableName, windowColumn: z._default(columnName, 'window_start') }

const sourceOptions = z.strictObject({
  ...target,
  source: tableName,
  time: columnName,
  timeZone: z.optional(zoneName),
  by: z._default(z.array(z.union([columnName, z.record(columnName, expression)], 'use the name of a column, or { name: expression }')), []),
  measures: z.record(columnName, measure).check(z.refine((all) => Object.keys(all).length > 0, 'name at least one measure')),
  where: z.optional(expression),
  guard: z._default(z.enum(['oldest', 'none'], 'use "oldest" or "none"'), 'none'),
})
const composedOptions = z.strictObject({
  ...target,
  from: rollup,
  by: z.optional(z.array(columnName)),
  measures: z.optional(z.array(columnName)),
})
const freeOptions = z.strictObject({
  ...target,
  key: z.array(columnName),
  select: expression.check(z.regex(/\bwindows\b/, 'it does not mention windows. Join the relation windows (window_start, window_end).')),
})

/** What is left of {@link RollupTarget}. */
interface CheckedTarget {
  readonly target: string
  readonly windowColumn: string
}
export interface CheckedSource extends CheckedTarget {
  readonly source: string
  readonly time: string
  readonly timeZone?: string | undefined
  readonly by: readonly GroupBy[]
  readonly measures: Readonly<Record<string, Measure>>
  readonly where?: string | undefined
  readonly guard: 'oldest' | 'none'
}
export interface CheckedComposed extends CheckedTarget {
  readonly from: ComposableRollup
  readonly by?: readonly string[] | undefined
  readonly measures?: readonly string[] | undefined
}
export interface CheckedFree extends CheckedTarget {
  readonly key: readonly string[]
  readonly select: string
}

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  table: 'write source',
  timeColumn: 'write time',
  column: 'write time',
  groupBy: 'write by',
  dimensions: 'write by',
  keys: 'write by, or key beside a select of your own',
  columns: 'write measures',
  aggregates: 'write measures',
  filter: 'write where',
  grain: 'write it in defineRollup({ grain })',
  start: 'write it in defineRollup({ start })',
  name: 'write it in defineRollup({ name })',
  query: 'write select',
}

/** Throws `InvalidOption` and names every problem. */
export function checkSourceOptions(options: unknown): CheckedSource {
  return checkedOptions(sourceOptions, options, { what: 'sqlRollup', hints: HINTS })
}

/** Throws `InvalidOption` and names every problem. */
export function checkComposedOptions(options: unknown): CheckedComposed {
  return checkedOptions(composedOptions, options, { what: 'sqlRollup', hints: HINTS })
}

/** Throws `InvalidOption` and names every problem. */
export function checkFreeOptions(options: unknown): CheckedFree {
  return checkedOptions(freeOptions, options, { what: 'sqlRollup', hints: HINTS })
}
