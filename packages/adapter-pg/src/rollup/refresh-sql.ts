/**
 * The statement that makes the target of a rollup equal to its source, in given windows: groups that are gone are deleted, rows
 * that differ are written, and all others are not touched, so that a refresh which changes nothing writes nothing. It sees one
 * snapshot: whoever wants later rows in it locks the windows first.
 */
import { quoteTable } from './table-name.ts'
import type { RollupPlan } from './sql-rollup.ts'

/** Windows as a relation: `$1` and `$2` are their starts and ends, in epoch ms. */
const WINDOWS = `windows as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end
  from unnest($1::bigint[], $2::bigint[]) as u(start_ms, end_ms)
)`

/** The rows of the windows as they ought to be. For those who compare. */
export function freshSql({ select }: RollupPlan): string {
  return `with ${WINDOWS}\n${select}`
}

/**
 * `values` are the target's columns beside the window and the keys. Answers per window its start in epoch ms, how many rows of
 * the source it has ('' where nobody knows), its groups, and how many rows were written and deleted.
 */
export function refreshSql(plan: RollupPlan, values: readonly string[]): string {
  const { windowColumn, keys } = plan
  const table = quoteTable(plan.target)
  const all = [windowColumn, ...keys, ...values].map(quoted)
  const same = (a: string, b: string): string =>
    [
      `${a}.${quoted(windowColumn)} = ${b}.${quoted(windowColumn)}`,
      // The text can be hashed, which the comparison that takes null for a value cannot.
      ...keys.map((key) => `coalesce(${a}.${quoted(key)}::text, '') = coalesce(${b}.${quoted(key)}::text, '')`),
      ...keys.map((key) => `${a}.${quoted(key)} is not distinct from ${b}.${quoted(key)}`),
    ].join(' and ')
  const row = (of: string): string => `(${values.map((name) => `${of}.${quoted(name)}`).join(', ')})`
  const isChanged = values.length === 0 ? 'false' : `row${row('t')} is distinct from row${row('f')}`
  const update =
    values.length === 0 ? 'do nothing' : `do update set ${values.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`
  const counted = (from: string, more = ''): string =>
    `(select ${quoted(windowColumn)} as at, count(*) as n${more} from ${from} group by 1)`
  const rows = plan.rowsColumn === null ? '' : `, sum(${quoted(plan.rowsColumn)}) as rows`
  return `with ${WINDOWS},
fresh as materialized (
${plan.select}
),
gone as (
  delete from ${table} t using windows w
  where t.${quoted(windowColumn)} = w.window_start and not exists (select 1 from fresh f where ${same('f', 't')})
  returning t.${quoted(windowColumn)}
),
written as (
  insert into ${table} (${all.join(', ')})
  select ${all.map((name) => `f.${name}`).join(', ')}
  from fresh f left join ${table} t on ${same('t', 'f')}
  where t.${quoted(windowColumn)} is null or ${isChanged}
  on conflict (${[windowColumn, ...keys].map(quoted).join(', ')}) ${update}
  returning ${quoted(windowColumn)}
)
select
  (extract(epoch from w.window_start) * 1000)::bigint,
  ${plan.rowsColumn === null ? "''" : 'coalesce(f.rows, 0)'},
  coalesce(f.n, 0),
  coalesce(c.n, 0),
  coalesce(g.n, 0)
from windows w
left join ${counted('fresh', rows)} f on f.at = w.window_start
left join ${counted('written')} c on c.at = w.window_start
left join ${counted('gone')} g on g.at = w.window_start
order by 1`
}

function quoted(name: string): string {
  return `"${name}"`
}
