/** Rollups in SQL: from a table of events, or from a finer rollup, to a table with a row per window and group. */
import { QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { checkOptions } from '../check-options.ts'
import type { Measure } from './measure.ts'
import { quoteTable, tableName } from './table-name.ts'

/** A column of the source by its name, or a name and the SQL expression behind it. */
export type GroupBy = string | Readonly<Record<string, string>>

/** What both kinds share. */
interface Target {
  /** Table of the figures, made if it is not there: `name` or `schema.name`. It belongs to this rollup. */
  readonly target: string
  /** The target's column of window starts, `timestamptz`. Default `window_start`. */
  readonly windowColumn?: string
}

/** From rows of a table. */
export interface SourceRollupOptions extends Target {
  /** Table or view of the rows: `name` or `schema.name`. */
  readonly source: string
  /** The source's column of instants, `timestamptz`; wants an index that begins with it. */
  readonly time: string
  /** For a column of type `timestamp`: the zone that its values are meant in. */
  readonly timeZone?: string
  /** One row per window and combination of these. Null is a value like others. Default: one row per window that has any. */
  readonly by?: readonly GroupBy[]
  readonly measures: Readonly<Record<string, Measure>>
  /** An SQL condition on rows of the source. */
  readonly where?: string
}

/** From a finer rollup: its measures are put together, without a look at the source. */
export interface ComposedRollupOptions extends Target {
  readonly from: SqlRollup
  /** Groups to keep, of those that `from` has. Default: all. */
  readonly by?: readonly string[]
  /** Measures to keep, of those that `from` has. Default: all. Each must compose. */
  readonly measures?: readonly string[]
}

/** The user's own SELECT. */
export interface FreeRollupOptions extends Target {
  /** Columns that tell the rows of a window apart. */
  readonly key: readonly string[]
  /**
   * A SELECT over the relation `windows (window_start, window_end)`, which it must join: one row per window and key, with the
   * window's start in the target's window column.
   */
  readonly select: string
}

/** Where rows come from, as statements need it. */
export interface RollupPlan {
  readonly target: string
  readonly windowColumn: string
  /** Columns that tell the rows of a window apart. */
  readonly keys: readonly string[]
  /** A SELECT over `windows`; its columns are the window column, the keys, the values, and perhaps {@link rowsColumn}. */
  readonly select: string
  /** A column of `select` that is not kept: how many rows of the source a group has. Null where only the user knows. */
  readonly rowsColumn: string | null
}

/** A rollup's SQL. Made by {@link sqlRollup}, frozen. */
export interface SqlRollup {
  readonly plan: RollupPlan
  /** What a coarser rollup may be made of; null for the user's own SELECT. */
  readonly parts: { readonly by: readonly string[]; readonly measures: Readonly<Record<string, Measure>> } | null
}

/** No column of a user's: those have no upper case behind a double underscore. */
const ROWS = '__ROWS'

const column = z.string().check(z.regex(/^[a-z_][a-z0-9_$]{0,49}$/i, 'is not usable as a column; use letters, digits and "_"'))
const expression = z.string().check(z.trim(), z.minLength(1, 'is empty; write an SQL expression'))
const measure = z.custom<Measure>(
  (value) => typeof value === 'object' && value !== null && Array.isArray((value as Partial<Measure>).parts),
  'is not a measure; use count(), sum(…), avg(…), percentile(…) and their kin',
)
const rollup = z.custom<SqlRollup>(
  (value) => typeof value === 'object' && value !== null && 'plan' in value && 'parts' in value,
  'is not a rollup; give what sqlRollup() returned',
)
const target = { target: tableName, windowColumn: z._default(column, 'window_start') }

const sourceOptions = z.strictObject({
  ...target,
  source: tableName,
  time: column,
  timeZone: z.optional(z.string().check(z.regex(/^[a-z0-9_+\-/]+$/i, 'is not the name of a time zone'))),
  by: z._default(z.array(z.union([column, z.record(column, expression)])), []),
  measures: z.record(column, measure).check(z.refine((all) => Object.keys(all).length > 0, 'is empty; name at least one measure')),
  where: z.optional(expression),
})
const composedOptions = z.strictObject({
  ...target,
  from: rollup,
  by: z.optional(z.array(column)),
  measures: z.optional(z.array(column)),
})
const freeOptions = z.strictObject({
  ...target,
  key: z.array(column),
  select: expression.check(z.regex(/\bwindows\b/, 'does not mention windows; join the relation windows (window_start, window_end)')),
})

/**
 * Describes a rollup in SQL. Throws `InvalidOption` where an option is not usable, and where a measure that is asked of a finer
 * rollup cannot be put together from its windows.
 */
export function sqlRollup(options: SourceRollupOptions | ComposedRollupOptions | FreeRollupOptions): SqlRollup {
  if (typeof options === 'object' && options !== null) {
    if ('from' in options) return fromFiner(checkOptions(composedOptions, options, 'sqlRollup'))
    if ('select' in options) return fromSelect(checkOptions(freeOptions, options, 'sqlRollup'))
  }
  return fromSource(checkOptions(sourceOptions, options, 'sqlRollup'))
}

/** A column of the target, and the SQL behind it. */
type Column = readonly [name: string, sql: string]

function fromSource(options: z.infer<typeof sourceOptions>): SqlRollup {
  const { windowColumn, measures } = options
  const groups = options.by.flatMap((one): readonly Column[] => (typeof one === 'string' ? [[one, `r."${one}"`]] : Object.entries(one)))
  const by = groups.map(([name]) => name)
  const time = `r."${options.time}"`
  const columns = columnsOf(measures)
  checkNames(
    windowColumn,
    by,
    columns.map(({ name }) => name),
  )
  // Edges are turned into the column's type, never the column into theirs: its index is of use.
  const edge = (name: string): string => (options.timeZone === undefined ? `w.${name}` : `(w.${name} at time zone '${options.timeZone}')`)
  const rows = [
    `from windows w join ${quoteTable(options.source)} r on ${time} >= ${edge('window_start')} and ${time} < ${edge('window_end')}`,
    ...(options.where === undefined ? [] : [`where (${options.where})`]),
  ]
  const select = selectOf(
    windowColumn,
    groups,
    columns.map(({ name, part }) => [name, part.fromRows(time)] as const),
    rows,
  )
  const plan = { target: options.target, windowColumn, keys: by, select, rowsColumn: ROWS }
  return Object.freeze({ plan: Object.freeze(plan), parts: Object.freeze({ by, measures }) })
}

function fromFiner(options: z.infer<typeof composedOptions>): SqlRollup {
  const { from, windowColumn } = options
  if (from.parts === null) {
    throw new QuarterjackError(
      'InvalidOption',
      'sqlRollup: from: a rollup with a select of its own cannot be composed. Give this one a source, or a select, as well.',
    )
  }
  const by = options.by ?? from.parts.by
  for (const name of by) mustHave(from.parts.by, name, 'by')
  const names = options.measures ?? Object.keys(from.parts.measures)
  const known = from.parts.measures
  for (const name of names) mustHave(Object.keys(known), name, 'measures')
  const measures = Object.fromEntries(names.map((name) => [name, known[name] as Measure]))
  const columns = columnsOf(measures)
  checkNames(
    windowColumn,
    by,
    columns.map(({ name }) => name),
  )
  const values = columns.map(({ name, measure: of, part }) => {
    const compose = part.fromParts
    if (compose !== null) return [name, compose((suffix) => `r."${of}${suffix}"`)] as const
    throw new QuarterjackError(
      'InvalidOption',
      `sqlRollup: measures: ${of} is a ${known[of]?.kind}, which cannot be put together from smaller windows. Leave it out, or make this rollup from the source.`,
    )
  })
  const start = `r."${from.plan.windowColumn}"`
  const rows = [`from windows w join ${quoteTable(from.plan.target)} r on ${start} >= w.window_start and ${start} < w.window_end`]
  const select = selectOf(
    windowColumn,
    by.map((name) => [name, `r."${name}"`] as const),
    values,
    rows,
  )
  const plan = { target: options.target, windowColumn, keys: by, select, rowsColumn: ROWS }
  return Object.freeze({ plan: Object.freeze(plan), parts: Object.freeze({ by, measures }) })
}

function fromSelect({ target: table, windowColumn, key, select }: z.infer<typeof freeOptions>): SqlRollup {
  checkNames(windowColumn, key, [])
  const plan = { target: table, windowColumn, keys: key, select: select.replace(/;\s*$/, ''), rowsColumn: null }
  return Object.freeze({ plan: Object.freeze(plan), parts: null })
}

function selectOf(windowColumn: string, groups: readonly Column[], values: readonly Column[], rows: readonly string[]): string {
  const columns = [[windowColumn, 'w.window_start'] as const, ...groups, ...values, [ROWS, 'count(*)'] as const].map(
    ([name, of]) => `  ${of} as "${name}"`,
  )
  const places = Array.from({ length: groups.length + 1 }, (_, index) => index + 1)
  return ['select', columns.join(',\n'), ...rows, `group by ${places.join(', ')}`].join('\n')
}

function columnsOf(measures: Readonly<Record<string, Measure>>) {
  return Object.entries(measures).flatMap(([name, { parts }]) =>
    parts.map((part) => ({ name: `${name}${part.suffix}`, measure: name, part })),
  )
}

function mustHave(names: readonly string[], name: string, option: string): void {
  if (names.includes(name)) return
  throw new QuarterjackError(
    'InvalidOption',
    `sqlRollup: ${option}: the finer rollup has no "${name}". It has ${names.join(', ') || 'none'}.`,
  )
}

function checkNames(windowColumn: string, keys: readonly string[], values: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of [windowColumn, ...keys, ...values]) {
    if (seen.has(name)) {
      throw new QuarterjackError(
        'InvalidOption',
        `sqlRollup: "${name}" names two columns of the target. Rename one of the groups or measures.`,
      )
    }
    seen.add(name)
  }
}
