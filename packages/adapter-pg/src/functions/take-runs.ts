/**
 * `take_runs(…)`: gives pending runs, locked by the caller, to an owner, as far as their gates have room. Internal.
 *
 * Gates are locked by name. All runs whose gates have room for them in the order asked are granted together; what is
 * left is looked at again, since a run that is blocked at one gate takes no room at another; each round decides at
 * least the first. A run that finds a gate full waits at the last such gate by name (mutexes are shared most), or is
 * skipped if it is the first try of a slot with overlap skip whose key is taken. With p_at_once, nothing is blocked:
 * runs that are not granted stay pending, and whoever waits at a gate goes first.
 *
 * Parameters: ids in the order of the claim; of the owner: its id, the instant, the fence to begin with, how many may
 * start at once; whether it may wait for gates: not when the caller has locked some already; runs whose gates somebody
 * else has locked then stay pending. Results: the granted in lots (see `claimed-columns.ts`) and as ids, how many went to wait, the ids of the skipped.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy, lookedUp } from './by-index.ts'
import { claimedColumns, returnedOf } from './claimed-columns.ts'

export const takeRuns: SqlFunction = {
  name: 'take_runs',
  sql: /* sql */ `
create or replace function take_runs(
  p_ids text[], p_owner text, p_now bigint, p_fence bigint, p_start int, p_at_once boolean, p_may_wait boolean,
  out o_lots json[], out o_granted text[], out o_waiting int, out o_skipped text[]
) language plpgsql as $$
declare
  v_gates text[];
  v_wanted text[];
  v_granted text[];
  v_open text[];
  v_some text[];
  v_full text[];
  v_skip text[];
  v_others text[];
  v_fence bigint := p_fence;
begin
  o_waiting := 0;
  o_skipped := '{}';
  select array_agg(distinct n.name) into v_gates
  from runs r cross join lateral unnest(r.gates) n(name) where r.id = any (p_ids);

  if v_gates is null then
    v_granted := p_ids;
  else
    if p_may_wait then
      perform ensure_gates(v_gates);
      perform 1 from gates g where g.name = any (v_gates) order by g.name for update;
    else
      v_wanted := v_gates;
      select array_agg(l.name) into v_gates
      from (select g.name from gates g where g.name = any (v_wanted) order by g.name for update skip locked) l;
      v_gates := coalesce(v_gates, '{}');
      p_ids := array(
        select u.id from unnest(p_ids) with ordinality u(id, place) join runs r on r.id = u.id collate "C"
        where ${fewBy('u.place')} and r.gates <@ v_gates order by u.place);
    end if;
    select greatest(v_fence, max(g.fence) + 1) into v_fence from gates g where g.name = any (v_gates);
    v_granted := '{}';
    v_open := p_ids;
    loop
      -- Those for which every gate has room, counting all that stand before them.
      select array_agg(q.id order by q.place) into v_some
      from (
        select u.id, u.place
        from unnest(v_open) with ordinality u(id, place) join runs r on ${lookedUp('r.id', 'u.id collate "C"')}
        left join lateral (
          select true as is_full from unnest(r.gates) n(name) join gates g on g.name = n.name collate "C"
          where g.held >= g."limit" or (p_at_once and g.waiting > 0) limit 1
        ) f on true
        where f.is_full is null and ${fewBy('u.place')}
      ) q;
      exit when v_some is null;
      if exists (select 1 from gates g where g.name = any (v_gates) and g."limit" is not null) then
        with holds as (
          select u.id, g."limit" - g.held as room, row_number() over (partition by g.name order by u.place) as rank
          from unnest(v_some) with ordinality u(id, place) join runs r on r.id = u.id collate "C"
          cross join lateral unnest(r.gates) n(name) join gates g on g.name = n.name collate "C"
          where g."limit" is not null and ${fewBy('u.place')}
        ), excess as (
          select distinct h.id from holds h where h.rank > h.room
        )
        select array_agg(u.id order by u.place) into v_some
        from unnest(v_some) with ordinality u(id, place) where u.id <> all (array(select e.id from excess e));
      end if;
      update gates g set held = g.held + n.holds, used_at = p_now
      from (
        select u.name, count(*)::int as holds
        from runs r cross join lateral unnest(r.gates) u(name) where r.id = any (v_some) group by u.name
      ) n
      where ${lookedUp('g.name', 'n.name collate "C"')};
      v_granted := v_granted || v_some;
      select array_agg(u.id order by u.place) into v_open
      from unnest(v_open) with ordinality u(id, place) where u.id <> all (v_some);
      exit when v_open is null or p_at_once;
    end loop;

    if v_open is not null and not p_at_once then
      -- Each of the rest has a full gate.
      select array_agg(r.id) into v_skip
      from runs r
      where r.id = any (v_open) and r.trigger = 'schedule' and r.overlap = 'skip' and r.fence = 0
        and exists (
          select 1 from unnest(r.gates) n(name) join gates g on ${lookedUp('g.name', 'n.name collate "C"')} where n.name like 'key:%' and g.held > 0
        );
      with blocked as (
        update runs r set state = 'waiting', waits_at = f.name
        from (
          select b.id, max(g.name) as name
          from runs b cross join lateral unnest(b.gates) n(name) join gates g on ${lookedUp('g.name', 'n.name collate "C"')}
          where b.id = any (v_open) and b.id <> all (coalesce(v_skip, '{}')) and g.held >= g."limit"
          group by b.id
        ) f
        where ${lookedUp('r.id', 'f.id')}
        returning r.waits_at, r.gates
      )
      select array_agg(b.waits_at), count(*)::int,
        (select array_agg(distinct n.name) from blocked c cross join lateral unnest(c.gates) n(name) where n.name <> c.waits_at)
      into v_full, o_waiting, v_others
      from blocked b;
      if v_full is not null then
        update gates g set waiting = g.waiting + n.more
        from (select u.name, count(*)::int as more from unnest(v_full) u(name) group by u.name) n
        where ${lookedUp('g.name', 'n.name collate "C"')};
        perform hand_on(coalesce(v_others, '{}'));
      end if;
      if v_skip is not null then
        o_skipped := end_standing(v_skip, 'skipped', 'overlap', p_now);
      end if;
    end if;
  end if;

  with taken as (
    update runs r set
      state = 'running', owner = p_owner, fence = greatest(v_fence + u.place - 1, r.fence + 1), attempt = r.attempt + 1,
      began = u.place <= p_start, started_at = case when u.place <= p_start then p_now end,
      open = false, waits_at = null, settled = null
    from unnest(v_granted) with ordinality u(id, place) join runs b on b.id = u.id collate "C" join jobs j on j.id = b.job_id
    where r.id = b.id and ${fewBy('u.place')}
    returning ${returnedOf('j.name', 'u.place')}
  )
  select array_remove(array[${claimedColumns('taken', 'p_now')}]::text[], null)::json[] into o_lots;
  o_granted := v_granted;

  if v_gates is not null and cardinality(v_granted) > 0 then
    update gates g set fence = v_fence + cardinality(v_granted) where g.name = any (v_gates) and g.held > 0;
  end if;
end
$$`,
}
