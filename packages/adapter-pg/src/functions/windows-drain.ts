/**
 * `windows_drain(p)`: digests marks: deletes them and dirties their windows, per drain; parks and narrows others, counts late
 * data of sealed windows, makes the runs that will refresh.
 *
 * It never waits for a refresh: a window whose row somebody has locked is left to the next drain, with all marks of its group.
 * Rows that are missing are made first, which waits at most for others that make rows: whoever does, waits for no locks of windows after that
 * (see `windows_claim`). Marks are deleted by their ids, since those of transactions that took longer show up among older ones.
 *
 * Parameters: now; sources and tokens of the drains; in columns, groups (drain, markedAt, removed), marks (group, id), windows
 * (group, rollup, start, end), where a group and a drain are known by their number from 1, and a rollup by its number among the
 * names in `rollups`; records parked, narrowed and sealed, each with its drain; enqueue: [drain, requests].
 * Result: replies as [is drained, ids of the marks that were left]; storeNow; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

const numbers = (name: string): string => `array(select e::bigint from json_array_elements_text(p->'${name}') e)`

export const windowsDrain: SqlFunction = {
  name: 'windows_drain',
  sql: /* sql */ `
create or replace function windows_drain(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_sources text[] := array(select e from json_array_elements_text(p->'sources') e);
  v_tokens text[] := array(select e from json_array_elements_text(p->'tokens') e);
  v_live bigint[];
  v_requests json;
  v_made record;
  v_is_due boolean := false;
  -- By the number of the group; of each mark: its group.
  v_group_drains bigint[] := ${numbers('groupDrains')};
  v_marked_ats bigint[] := ${numbers('groupMarkedAts')};
  v_removals boolean[] := array(select e::boolean from json_array_elements_text(p->'groupRemovals') e);
  v_mark_groups bigint[] := ${numbers('markGroups')};
  v_mark_ids bigint[] := ${numbers('markIds')};
  -- Windows of the groups that are drained: in the order of rollups and starts, several times if several groups have them.
  v_rollup_ids int[];
  v_groups bigint[];
  v_rollups int[];
  v_starts bigint[];
  v_ends bigint[];
  v_new_rollups int[];
  v_new_starts bigint[];
  v_busy_rollups int[];
  v_busy_starts bigint[];
  v_blocked bigint[] := '{}';
  v_kept bigint[] := '{}';
  v_drain record;
  v_ids bigint[];
  v_gone int;
  -- Marks of drains in which some are left: those that stay in the log.
  v_left_drains int[];
  v_left_marks bigint[];
begin
  ${SHARE_DEFINITIONS}
  perform 1 from mark_sources s where s.name = any (v_sources) order by s.name for update;
  v_live := array(
    select min(d.place) from unnest(v_sources, v_tokens) with ordinality d(name, token, place)
    join mark_sources s on s.name = d.name collate "C" and s.token::text = d.token
    group by d.name order by 1);

  -- Runs take locks of gates: before those of windows, as claims do that take over.
  select json_agg(r) into v_requests
  from json_array_elements(p->'enqueue') e cross join lateral json_array_elements(e->1) r
  where (e->>0)::bigint = any (v_live);
  if v_requests is not null then
    v_made := enqueue_requests(v_requests, v_now);
    perform change_gates('{}', v_made.o_left, v_made.o_chances);
    v_is_due := v_made.o_is_due;
  end if;

  -- By number: large lists are not joined here, but looked up.
  v_rollup_ids := array(
    select (select u.id from rollups u where u.name = r.name collate "C" limit 1)
    from json_array_elements_text(p->'rollups') with ordinality r(name, place) order by r.place);
  select array_agg(x.grp order by x.rollup_id, x.start_at), array_agg(x.rollup_id order by x.rollup_id, x.start_at),
    array_agg(x.start_at order by x.rollup_id, x.start_at), array_agg(x.end_at order by x.rollup_id, x.start_at)
  into v_groups, v_rollups, v_starts, v_ends
  from (
    select distinct w.grp::bigint as grp, v_rollup_ids[w.rollup::int] as rollup_id, w.start_at::bigint as start_at, w.end_at::bigint as end_at
    from rows from (
      json_array_elements_text(p->'windowGroups'), json_array_elements_text(p->'windowRollups'),
      json_array_elements_text(p->'windowStarts'), json_array_elements_text(p->'windowEnds')
    ) as w(grp, rollup, start_at, end_at)
  ) x
  where x.rollup_id is not null and v_group_drains[x.grp] = any (v_live);

  if v_groups is not null then
    with made as (
      insert into windows (rollup_id, start_at, end_at)
      select x.rollup_id, x.start_at, max(x.end_at)
      from unnest(v_rollups, v_starts, v_ends) with ordinality x(rollup_id, start_at, end_at, place)
      where (select true from windows w where w.rollup_id = x.rollup_id and w.start_at = x.start_at limit 1) is null
      group by x.rollup_id, x.start_at order by x.rollup_id, x.start_at
      on conflict (rollup_id, start_at) do nothing
      returning rollup_id, start_at
    )
    select array_agg(m.rollup_id), array_agg(m.start_at) into v_new_rollups, v_new_starts from made m;

    select array_agg(k.rollup_id), array_agg(k.start_at) into v_busy_rollups, v_busy_starts
    from (
      select x.rollup_id, x.start_at from unnest(v_rollups, v_starts) x(rollup_id, start_at)
      group by x.rollup_id, x.start_at order by x.rollup_id, x.start_at
    ) k
    left join lateral (
      select true as is_locked from windows w where w.rollup_id = k.rollup_id and w.start_at = k.start_at limit 1 for update skip locked
    ) l on true
    where l.is_locked is null;
    if v_busy_rollups is not null then
      v_blocked := array(
        select distinct g.grp from unnest(v_busy_rollups, v_busy_starts) b(rollup_id, start_at)
        join unnest(v_groups, v_rollups, v_starts) g(grp, rollup_id, start_at) on g.rollup_id = b.rollup_id and g.start_at = b.start_at);
    end if;

    update windows w set
      seq = w.seq + n.times,
      dirty_since = least(w.dirty_since, n.since), removed = w.removed or n.removed,
      later_since = case when w.run_id is not null then least(w.later_since, n.since) end,
      later_removed = w.run_id is not null and (w.later_removed or n.removed),
      -- What had been given up begins anew.
      attempts = case when w.retry_at is null then 0 else w.attempts end,
      error = case when w.retry_at is not null then w.error end,
      suspect = null
    from (
      select x.rollup_id, x.start_at, count(*) as times, min(v_marked_ats[x.grp]) as since, bool_or(v_removals[x.grp]) as removed,
        min(x.place) as place
      from unnest(v_groups, v_rollups, v_starts) with ordinality x(grp, rollup_id, start_at, place)
      where x.grp <> all (v_blocked)
      group by x.rollup_id, x.start_at
    ) n
    where w.rollup_id = n.rollup_id and w.start_at = n.start_at and ${fewBy('n.place')};

    -- Rows that were made for groups that are left.
    if cardinality(v_blocked) > 0 and v_new_rollups is not null then
      delete from windows w using unnest(v_new_rollups, v_new_starts) with ordinality n(rollup_id, start_at, place)
      where w.rollup_id = n.rollup_id and w.start_at = n.start_at and ${fewBy('n.place')} and w.dirty_since is null;
    end if;
  end if;

  for v_drain in select d.place, v_sources[d.place] as source from unnest(v_live) d(place) loop
    v_ids := array(
      select m.id from unnest(v_mark_groups, v_mark_ids) m(grp, id)
      where v_group_drains[m.grp] = v_drain.place and m.grp <> all (v_blocked));
    if cardinality(v_ids) > 0 then
      with digested as materialized (
        select v_drain.source as source, x.id, x.place from unnest(v_ids) with ordinality x(id, place)
      )
      delete from marks m using digested x
      where m.source = x.source collate "C" and m.id = x.id and m.parked_until is null and ${fewBy('x.place')};
      get diagnostics v_gone = row_count;
      if v_gone < cardinality(v_ids) then
        delete from marks m where m.source = v_drain.source and m.parked_until <= v_now and m.id = any (v_ids);
      end if;
    end if;
    perform set_aside_marks(v_drain.source, v_now, array(
      select json_build_object('id', x.id, 'until', x.until)
      from json_to_recordset(p->'parked') as x(drain bigint, id bigint, until bigint) where x.drain = v_drain.place));
    -- Windows of what was to be cut off may not be written yet, and not as it says of its rows, where a group is left.
    if not exists (select 1 from unnest(v_blocked) b(grp) where v_group_drains[b.grp] = v_drain.place) then
      perform set_aside_marks(v_drain.source, v_now, array(
        select json_build_object('id', x.id, 'from', x."from", 'to', x."to")
        from json_to_recordset(p->'narrowed') as x(drain bigint, id bigint, "from" bigint, "to" bigint) where x.drain = v_drain.place));
    else
      v_kept := v_kept || v_drain.place;
    end if;
  end loop;

  if cardinality(v_blocked) > 0 then
    select array_agg(x.drain), array_agg(x.id) into v_left_drains, v_left_marks
    from (
      select v_group_drains[m.grp] as drain, m.id from unnest(v_mark_groups, v_mark_ids) m(grp, id) where m.grp = any (v_blocked)
      union
      select n.drain, n.id from json_to_recordset(p->'narrowed') as n(drain bigint, id bigint) where n.drain = any (v_kept)
    ) x;
  end if;

  -- Late data of marks that are left is counted when they are not.
  insert into sealed_marks as s (rollup_id, marks, from_at, to_at, last_at)
  select u.id, sum(x.counted), min(x."from"), max(x."to"), v_now
  from (
    select x.drain, x.rollup, x."from", x."to", json_array_length(x.marks) as asked, (
      select count(*) from json_array_elements_text(x.marks) k(id)
      where not exists (select from unnest(v_left_drains, v_left_marks) l(drain, id) where l.drain = x.drain and l.id = k.id::bigint)
    ) as counted
    from json_to_recordset(p->'sealed') as x(drain bigint, rollup text, marks json, "from" bigint, "to" bigint)
    where x.drain = any (v_live)
  ) x
  join rollups u on u.name = x.rollup collate "C"
  where x.counted > 0 or x.asked = 0
  group by u.id order by u.id
  on conflict (rollup_id) do update set marks = s.marks + excluded.marks, from_at = least(s.from_at, excluded.from_at),
    to_at = greatest(s.to_at, excluded.to_at), last_at = excluded.last_at;
  update mark_sources s set token = nextval('source_tokens')
  where s.name = any (array(select v_sources[d.place] from unnest(v_live) d(place)));

  return json_build_object(
    'replies', (
      select json_agg(json_build_array(d.place = any (v_live), (
          select json_agg(l.id) from unnest(v_left_drains, v_left_marks) l(drain, id) where l.drain = d.place)) order by d.place)
      from unnest(v_sources) with ordinality d(name, place)),
    'storeNow', v_now, 'hint', case when v_is_due then '[{"kind":"work","of":"runs"}]'::json end);
end
$$`,
}
