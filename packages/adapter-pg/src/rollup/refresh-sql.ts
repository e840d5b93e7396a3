/**
 * The statement that makes the target of a rollup equal to its source, in given windows: groups that are gone are deleted, rows
 * that differ are written, and all others are not touched, so that a refresh which changes nothing writes nothing. It sees one
 * snapshot: whoever wants later rows in it holds the windows first.
 *
 * Windows stand in its text. Where it is only one, the server then plans and reads as for a statement written by hand for it, and there
 * is nothing to be told apart in what was written.
 */
import type { RefreshWindow } from '@quarterjack/core'
import { quoteName } from '../client/quote-name.ts'
import { quoteTable } from '../client/table-name.ts'
import type { RollupPlan } from './rollup-plan.ts'
import { identitySql } from './target-identity.ts'
import { currentRows, freshRows, manyWindows, oneWindow } from './window-relations.ts'

/** `values` are the target's columns beside the window and the keys. Answers one JSON text, see `refresh-windows.ts`, and the target's identity. */
export function refreshSql(plan: RollupPlan, values: readonly string[], windows: readonly RefreshWindow[]): string {
  const [only, ...others] = windows
  return only !== undefined && others.length === 0 ? refreshOne(plan, values, only) : refreshMany(plan, values, windows)
}

function refreshOne(plan: RollupPlan, values: readonly string[], window: RefreshWindow): string {
  // Nothing is left of it, and nothing says that it was taken away.
  const isSuspect = window.removed ? 'false' : 'f.n = 0 and exists (select from differing)'
  const rows = plan.rowsColumn === null ? 'null' : `coalesce(sum(${quoteName(plan.rowsColumn)}), 0)`
  return `with ${oneWindow(plan, window)},
${freshRows(plan)},
${differingRows(plan, values)},
${vanishedRows(plan, window.removed ? '' : 'where exists (select from fresh)')},
${changes(plan, values)}
select json_build_array(json_build_array(
  ${window.start.getTime()}, f.rows, f.n, (select count(*) from written), (select count(*) from gone), ${isSuspect}
))::text as refreshed, ${identitySql(plan.target)} as identity
from (select count(*) as n, ${rows} as rows from fresh) f`
}

function refreshMany(plan: RollupPlan, values: readonly string[], windows: readonly RefreshWindow[]): string {
  const at = quoteName(plan.windowColumn)
  const array = (of: (window: RefreshWindow) => number | boolean): string => `'{${windows.map(of).join(',')}}'`
  const arrays = [array(({ start }) => start.getTime()), array(({ end }) => end.getTime()), array(({ removed }) => removed)] as const
  const counted = (from: string, more = ''): string => `(select ${at} as at, count(*) as n${more} from ${from} group by 1)`
  const rows = plan.rowsColumn === null ? '' : `, sum(${quoteName(plan.rowsColumn)}) as rows`
  // Where rows may be missing from all of them, none is suspect.
  const suspects = windows.some(({ removed }) => !removed)
  const suspectRows = `suspect as (
  -- Nothing is left of a window, and nothing says that it was taken away.
  select a.window_start from asked a
  where not a.removed
    and exists (select from differing d where d.${at} = a.window_start and d.place is not null)
    and not exists (select from fresh f where f.${at} = a.window_start)
),
`
  const notSuspect = `where not exists (select from suspect s where s.window_start = o.${at})`
  return `with ${manyWindows(plan, arrays)},
${freshRows(plan)},
${differingRows(plan, values)},
${suspects ? suspectRows : ''}${vanishedRows(plan, suspects ? notSuspect : '')},
${changes(plan, values)}
select coalesce(json_agg(json_build_array(
  (extract(epoch from a.window_start) * 1000)::bigint,
  ${plan.rowsColumn === null ? 'null' : 'coalesce(f.rows, 0)'}, coalesce(f.n, 0), coalesce(w.n, 0), coalesce(g.n, 0), ${suspects ? 's.window_start is not null' : 'false'}
)), '[]')::text as refreshed, ${identitySql(plan.target)} as identity
from asked a
left join ${counted('fresh', rows)} f on f.at = a.window_start
left join ${counted('written')} w on w.at = a.window_start
left join ${counted('gone')} g on g.at = a.window_start${suspects ? '\nleft join suspect s on s.window_start = a.window_start' : ''}`
}

function differingRows(plan: RollupPlan, values: readonly string[]): string {
  const all = [plan.windowColumn, ...plan.keys, ...values].map(quoteName).join(', ')
  return `differing as materialized (
  -- A row that is on both sides is as it ought to be. Of the others, those with a place are old ones.
  select ${all}, max(part) as part, max(place) as place
  from (
  ${currentRows(plan, values)}
  union all
  select ${all}, null, null from fresh
  ) x
  group by ${all} having count(*) = 1 or count(place) <> 1
)`
}

/** Null is a key like others here. */
function vanishedRows({ windowColumn, keys }: RollupPlan, where: string): string {
  return `vanished as materialized (
  -- No new row has the key of the old one.
  select max(o.part) as part, max(o.place) as place
  from differing o ${where}
  group by ${[windowColumn, ...keys].map((name) => `o.${quoteName(name)}`).join(', ')} having count(*) = count(o.place)
)`
}

function changes({ target, windowColumn, keys }: RollupPlan, values: readonly string[]): string {
  const [table, at, key] = [quoteTable(target), quoteName(windowColumn), [windowColumn, ...keys].map(quoteName).join(', ')]
  const all = [key, ...values.map(quoteName)].join(', ')
  const update =
    values.length === 0
      ? 'do nothing'
      : `do update set ${values.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`).join(', ')}`
  return `gone as (
  delete from ${table} t
  where t.ctid = any (array(select place from vanished))
    and exists (select from vanished v where v.part = t.tableoid and v.place = t.ctid)
  returning t.${at}
),
written as (
  insert into ${table} (${all})
  select ${all} from differing where place is null
  order by ${key}
  on conflict (${key}) ${update}
  returning ${at}
)`
}
