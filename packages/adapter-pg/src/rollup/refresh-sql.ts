/**
 * The statement that makes the target of a rollup equal to its source, in given windows: groups that are gone are deleted, rows
 * that differ are written, and all others are not touched, so that a refresh which changes nothing writes nothing. It sees one
 * snapshot: whoever wants later rows in it holds the windows first.
 */
import { quoteName } from '../client/quote-name.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { quoteTable } from '../client/table-name.ts'

/** The windows that were asked for: `$1` and `$2` are their starts and ends in epoch ms, `$3` whether rows may have been taken away. */
const ASKED = `asked as materialized (
  select
    timestamptz 'epoch' + u.start_ms * interval '1 millisecond' as window_start,
    timestamptz 'epoch' + u.end_ms * interval '1 millisecond' as window_end,
    u.removed
  from unnest($1::bigint[], $2::bigint[], $3::boolean[]) as u(start_ms, end_ms, removed)
)`

/** Those that are refreshed, as a relation. All of them, but for {@link RollupPlan.oldest}. */
function windowsOf({ oldest, target, windowColumn }: RollupPlan): string {
  if (oldest === null) return 'windows as (select window_start, window_end from asked)'
  const hasRows = `exists (select from ${quoteTable(target)} t where t.${quoteName(windowColumn)} = a.window_start)`
  return `oldest_row as materialized (select (${oldest}) as at),
windows as materialized (
  select a.window_start, a.window_end
  from asked a, oldest_row o
  -- Older than what the source holds, or cut by what was taken away: what is known of it is kept.
  where (a.window_end > o.at and (a.window_start >= o.at or not a.removed)) is true or not ${hasRows}
)`
}

/** The rows of the windows as they are in the target, and as they ought to be. For those who compare. */
export function bothSql(plan: RollupPlan, values: readonly string[]): string {
  return `with ${ASKED},
${windowsOf(plan)},
fresh as materialized (
${plan.select}
),
${currentOf(plan, values)}`
}

/** `values` are the target's columns beside the window and the keys. Answers one JSON text: see `refresh-windows.ts`. */
export function refreshSql(plan: RollupPlan, values: readonly string[]): string {
  const { windowColumn, keys } = plan
  const table = quoteTable(plan.target)
  const at = quoteName(windowColumn)
  const key = [windowColumn, ...keys].map(quoteName)
  const all = [...key, ...values.map(quoteName)].join(', ')
  const update =
    values.length === 0
      ? 'do nothing'
      : `do update set ${values.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`).join(', ')}`
  const counted = (from: string, more = ''): string => `(select ${at} as at, count(*) as n${more} from ${from} group by 1)`
  const rows = plan.rowsColumn === null ? '' : `, sum(${quoteName(plan.rowsColumn)}) as rows`
  return `${bothSql(plan, values)},
differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select ${all}, max(part) as part, max(place) as place
  from (
    select ${all}, part, place from current
    union all
    select ${all}, null, null from fresh
  ) x
  group by ${all} having count(*) = 1 or count(place) <> 1
),
suspect as (
  -- Nothing is left of a window, and nothing says that it was taken away.
  select a.window_start from asked a
  where not a.removed
    and exists (select from differing d where d.${at} = a.window_start and d.place is not null)
    and not exists (select from fresh f where f.${at} = a.window_start)
),
vanished as materialized (
  select o.part, o.place from differing o
  where o.place is not null
    and not exists (select from suspect s where s.window_start = o.${at})
    and not exists (select from differing n where n.place is null and ${sameKey(plan, 'n', 'o')})
),
gone as (
  delete from ${table} t
  where t.ctid = any (array(select place from vanished))
    and exists (select from vanished v where v.part = t.tableoid and v.place = t.ctid)
  returning t.${at}
),
written as (
  insert into ${table} (${all})
  select ${all} from differing where place is null
  order by ${key.join(', ')}
  on conflict (${key.join(', ')}) ${update}
  returning ${at}
)
select coalesce(json_agg(json_build_array(
  (extract(epoch from a.window_start) * 1000)::bigint,
  ${plan.rowsColumn === null ? 'null' : 'coalesce(f.rows, 0)'}, coalesce(f.n, 0), coalesce(w.n, 0), coalesce(g.n, 0), s.window_start is not null
)), '[]')::text as refreshed
from asked a
left join ${counted('fresh', rows)} f on f.at = a.window_start
left join ${counted('written')} w on w.at = a.window_start
left join ${counted('gone')} g on g.at = a.window_start
left join suspect s on s.window_start = a.window_start`
}

/** Null is a value like others. */
export function sameKey({ windowColumn, keys }: RollupPlan, a: string, b: string): string {
  const of = (side: string, name: string): string => `${side}.${quoteName(name)}`
  return [
    `${of(a, windowColumn)} = ${of(b, windowColumn)}`,
    // The text can be hashed, which the comparison that takes null for a value cannot.
    ...keys.map((name) => `coalesce(${of(a, name)}::text, '') = coalesce(${of(b, name)}::text, '')`),
    ...keys.map((name) => `${of(a, name)} is not distinct from ${of(b, name)}`),
  ].join(' and ')
}

/** Found by the windows, so that the size of the table does not matter. */
function currentOf({ target, windowColumn, keys }: RollupPlan, values: readonly string[]): string {
  const columns = [windowColumn, ...keys, ...values].map((name) => `t.${quoteName(name)}`)
  return `current as materialized (
  select ${columns.join(', ')}, t.tableoid as part, t.ctid as place
  from windows w join ${quoteTable(target)} t on t.${quoteName(windowColumn)} = w.window_start
)`
}
