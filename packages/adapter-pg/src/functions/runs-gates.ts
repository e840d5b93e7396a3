/**
 * `runs_gates(p)`: gates by name, or every one that is held or waited at. Who really holds each is counted anew, for audits.
 *
 * Parameters: names, absent for all. Result: gates, as the contract's records.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const runsGates: SqlFunction = {
  name: 'runs_gates',
  sql: /* sql */ `
create or replace function runs_gates(p json) returns json language plpgsql set jit = off as $$
begin
  return json_build_object('gates', coalesce((
    with holders as (
      select x.name, count(*) as holders
      from (
        select n.name from runs r cross join lateral unnest(r.gates) n(name) where r.owner > '' and r.state <> 'waiting'
        union all
        select n.name from held_gates h cross join lateral unnest(h.gates) n(name)
        union all
        select 'mutex:' || l.name from leases l where l.holder <> ''
      ) x
      group by x.name
    ), bidders as (
      select 'mutex:' || b.name as name, count(*) as bids from bids b group by b.name
    ), asked as (
      select e.name, e.place from json_array_elements_text(case when json_typeof(p->'names') = 'array' then p->'names' else '[]' end)
        with ordinality e(name, place)
      union all
      select g.name, row_number() over (order by g.name)
      from gates g
      where json_typeof(p->'names') is distinct from 'array'
        and (g.held > 0 or g.waiting > 0 or g.name in (select b.name from bidders b))
    )
    select json_agg(json_build_object(
        'gate', a.name,
        'limit', coalesce(case when g.name is not null then g."limit" when a.name not like 'job:%' then 1 else j.concurrency end, 9007199254740991),
        'held', coalesce(g.held, 0),
        'holders', coalesce(h.holders, 0),
        'waiting', coalesce(g.waiting, 0) + coalesce(b.bids, 0)
      ) order by a.place)
    from asked a
    left join gates g on g.name = a.name
    left join jobs j on a.name like 'job:%' and j.name = substr(a.name, 5)
    left join holders h on h.name = a.name
    left join bidders b on b.name = a.name
  ), '[]'));
end
$$`,
}
