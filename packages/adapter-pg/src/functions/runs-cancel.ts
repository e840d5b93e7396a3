/**
 * `runs_cancel(p)`: ends runs that stand, asks the owners of those that run to end them; the first reason stays.
 *
 * Parameters: the contract's request. Result: replies, in the order asked; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsCancel: SqlFunction = {
  name: 'runs_cancel',
  sql: /* sql */ `
create or replace function runs_cancel(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_ids text[] := array(select e->>'id' from json_array_elements(p->'runs') e);
  v_standing text[];
  v_running text[];
  v_one record;
  v_is_first boolean := true;
  v_hint jsonb;
  v_replies json;
begin
  perform lock_definitions_shared();
  select array_agg(x.id) filter (where x.state <> 'running'), array_agg(x.id) filter (where x.state = 'running')
  into v_standing, v_running
  from (
    select l.id, l.state
    from (select distinct u.id collate "C" as id from unnest(v_ids) u(id) order by 1) u
    cross join lateral (select r.id, r.state from runs r where r.id = u.id limit 1 for update) l
  ) x;
  if v_running is not null then
    update runs r set cancel_requested = a.reason
    from (
      select distinct on (e.value->>'id') e.value->>'id' as id, e.value->>'reason' as reason
      from json_array_elements(p->'runs') with ordinality e(value, place)
      order by e.value->>'id', e.place
    ) a
    where ${lookedUp('r.id', 'a.id')} and r.id = any (v_running) and r.cancel_requested is null;
  end if;

  if v_standing is not null then
    for v_one in
      select a.reason, array_agg(a.id) as ids, count(*) over () as reasons
      from (
        select distinct on (e.value->>'id') e.value->>'id' as id, e.value->>'reason' as reason
        from json_array_elements(p->'runs') with ordinality e(value, place)
        order by e.value->>'id', e.place
      ) a
      where a.id = any (v_standing)
      group by a.reason
    loop
      if v_is_first and v_one.reasons > 1 then
        -- Each reason ends its runs by itself: the gates of all are locked before, in one order.
        perform 1 from gates g
        where g.name = any (array(select n.name from runs r cross join lateral unnest(r.gates) n(name) where r.id = any (v_standing)))
        order by g.name for update;
      end if;
      v_is_first := false;
      perform end_standing(v_one.ids, 'cancelled', v_one.reason, v_now);
    end loop;
  end if;

  select json_agg(case
      when e.value->>'id' = any (v_running) then 'requested'
      when e.value->>'id' = any (v_standing) and e.nth = 1 then 'cancelled'
      when e.value->>'id' = any (v_standing) or exists (select 1 from history h where h.id = e.value->>'id') then 'terminal'
      else 'unknown' end order by e.place)
  into v_replies
  from (
    select x.value, x.place, row_number() over (partition by x.value->>'id' order by x.place) as nth
    from json_array_elements(p->'runs') with ordinality x(value, place)
  ) e;
  select jsonb_agg(jsonb_build_object('kind', 'cancel', 'owner', o.owner)) into v_hint
  from (select distinct r.owner from runs r where r.id = any (v_running)) o;
  if v_standing is not null then
    -- Whoever waits behind one of them may go on.
    v_hint := coalesce(v_hint, '[]') || gather_hints(true, null, v_standing)::jsonb;
  end if;
  return json_build_object('replies', coalesce(v_replies, '[]'), 'hint', v_hint);
end
$$`,
}
