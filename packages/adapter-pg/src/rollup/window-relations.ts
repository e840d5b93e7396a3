/** Windows as relations of a statement: `asked`, those that were given; `windows`, those of them that are read and written. */
import type { RefreshWindow } from '@quarterjack/core'
import { quoteName } from '../client/quote-name.ts'
import { quoteTable } from '../client/table-name.ts'
import type { RollupPlan } from './rollup-plan.ts'

/** Starts and ends in epoch ms, and whether rows may have been taken away: three arrays, as SQL. */
export type WindowArrays = readonly [starts: string, ends: string, removed: string]

/** As parameters of the statement. */
export const GIVEN: WindowArrays = ['$1', '$2', '$3']

/** Any number of windows. All of them are read, but for {@link RollupPlan.oldest}. */
export function manyWindows(plan: RollupPlan, [starts, ends, removed]: WindowArrays): string {
  return `asked as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end,
    u.removed
  from unnest(${starts}::bigint[], ${ends}::bigint[], ${removed}::boolean[]) as u(start_ms, end_ms, removed)
),
${plan.oldest === null ? 'windows as (select window_start, window_end from asked)' : guarded(plan, plan.oldest, 'materialized')}`
}

/** A single one: two constants, wherever it is read. */
export function oneWindow(plan: RollupPlan, { start, end, removed }: RefreshWindow): string {
  const asked = `select ${instant(start)} as window_start, ${instant(end)} as window_end`
  return plan.oldest === null
    ? `windows as not materialized (${asked})`
    : `asked as not materialized (${asked}, ${removed} as removed),
${guarded(plan, plan.oldest, 'not materialized')}`
}

/** The rows of the windows as they ought to be. */
export function freshRows({ select }: RollupPlan): string {
  return `fresh as materialized (
${select}
)`
}

/** A SELECT of those of the target, and where they stand. Found by the windows, so that the size of the table does not matter. */
export function currentRows({ target, windowColumn, keys }: RollupPlan, values: readonly string[]): string {
  const columns = [windowColumn, ...keys, ...values].map((name) => `t.${quoteName(name)}`)
  return `select ${columns.join(', ')}, t.tableoid as part, t.ctid as place
  from windows w join ${quoteTable(target)} t on t.${quoteName(windowColumn)} = w.window_start`
}

/** Both, over {@link GIVEN} windows, for those who compare. */
export function bothSql(plan: RollupPlan, values: readonly string[]): string {
  return `with ${manyWindows(plan, GIVEN)},
${freshRows(plan)},
current as materialized (
  ${currentRows(plan, values)}
)`
}

function guarded({ target, windowColumn }: RollupPlan, oldest: string, kept: 'materialized' | 'not materialized'): string {
  const hasRows = `exists (select from ${quoteTable(target)} t where t.${quoteName(windowColumn)} = a.window_start)`
  return `oldest_row as materialized (select (${oldest}) as at),
windows as ${kept} (
  select a.window_start, a.window_end
  from asked a, oldest_row o
  -- Older than what the source holds, or cut by what was taken away: what is known of it is kept.
  where (a.window_end > o.at and (a.window_start >= o.at or not a.removed)) is true or not ${hasRows}
)`
}

/** Dates of other years are written in a way that Postgres does not read. */
function instant(at: Date): string {
  const text = at.toISOString()
  return /^\d/.test(text) ? `timestamptz '${text}'` : `(timestamptz 'epoch' + ${at.getTime()} * interval '1 millisecond')`
}
