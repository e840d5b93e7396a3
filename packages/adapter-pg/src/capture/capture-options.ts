/** Options of {@link captureChanges}: checked, defaulted. */
import type { Duration, Rollup } from '@quarterjack/core'
import { checkedOptions, type NameHints, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { schemaName } from '../client/schema-name.ts'
import { PG_STORE_DEFAULTS } from '../options.ts'
import { columnName, tableName, zoneName } from '../client/table-name.ts'
import { finestGrain, readCaptureGrain } from './capture-grain.ts'
import type { CaptureId, CaptureSpec } from './capture-sql.ts'

/** Which table and column. */
export interface CapturedTable {
  /** `name` or `schema.name`. It is also the source that rollups name: `defineRollup({ source: 'calls', … })`. */
  readonly source: string
  /** Its column of instants: `timestamptz`, or `timestamp` with a `timeZone`. */
  readonly time: string
  /** Of the store. Default `quarterjack`. */
  readonly schema?: string
}

/** Options of {@link captureChanges}. */
export interface CaptureOptions extends CapturedTable {
  /** For a column of type `timestamp`: the zone that its values are meant in. */
  readonly timeZone?: string
  /**
   * Marks are rounded to this: `'15m'`, `'hour'`, `'day'`, or a duration from a second to a day. Finer means more marks for a statement
   * of many rows, coarser means windows refreshed for nothing. Default: what the `rollups` need.
   */
  readonly grain?: 'hour' | 'day' | Duration
  /** Those that read the table. Each must name it as a `source`. */
  readonly rollups?: readonly Rollup[]
  /** Partitions get triggers, too, for statements that name them. Call again after you create partitions. Default false. */
  readonly leaves?: boolean
}

const table = { source: tableName, time: columnName, schema: z._default(schemaName, PG_STORE_DEFAULTS.schema) }
const rollup = z.custom<Rollup>(
  (value) => typeof value === 'object' && value !== null && (value as Partial<Rollup>).kind === 'rollup',
  'must be a rollup, made with defineRollup()',
)
const tableOptions = z.strictObject(table)
const captureOptions = z.strictObject({
  ...table,
  timeZone: z.optional(zoneName),
  grain: z.optional(z.union([z.string(), z.number()])),
  rollups: z._default(z.array(rollup), []),
  leaves: z._default(z.boolean(), false),
})

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  table: 'write source',
  column: 'write time',
  timeColumn: 'write time',
  rollup: 'write rollups: [ … ]',
  tz: 'write timeZone',
}

/** Throws `InvalidOption` and names every problem. */
export function resolveCaptureOptions(options: CaptureOptions): CaptureSpec {
  const { grain, rollups, timeZone = null, ...rest } = checkedOptions(captureOptions, options, { what: 'captureChanges', hints: HINTS })
  for (const { name, policy } of rollups) {
    if (policy.sources.includes(rest.source)) continue
    throw new QuarterjackError(
      'InvalidOption',
      `captureChanges: rollups: "${name}" does not read "${rest.source}", so marks of it would not reach it. Define it with source: '${rest.source}'.`,
    )
  }
  const grainMs = grain === undefined ? finestGrain(rollups) : readCaptureGrain(grain)
  if (grainMs === null) {
    throw new QuarterjackError('InvalidOption', 'captureChanges: give grain, such as "15m", or the rollups that read the table.')
  }
  return { ...rest, timeZone, grainMs }
}

/** The same for those who only look, or end it. */
export function resolveCapturedTable(options: CapturedTable, what: string): CaptureId {
  return checkedOptions(tableOptions, options, { what, hints: HINTS })
}
