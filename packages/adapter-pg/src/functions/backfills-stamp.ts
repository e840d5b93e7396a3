/**
 * `backfills_stamp(p)`: stamps windows that a backfill is to refresh, and moves its cursor, per stretch. Locks backfills, then windows
 * as `windows_claim` does: rows that are there, then missing ones are made. If somebody makes one at the same moment, the
 * stretch is `stale`: it is looked at again.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const backfillsStamp: SqlFunction = {
  name: 'backfills_stamp',
  sql: /* sql */ `
create or replace function backfills_stamp(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_stamps bigint[];
  v_rollups int[];
  v_starts bigint[];
  v_ends bigint[];
  v_locked bigint[] := '{}';
  v_made_rollups int[];
  v_made_starts bigint[];
  v_stamp record;
  v_backfill backfills;
  v_is_whole boolean;
  v_count int;
  v_replies text[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  perform 1 from backfills b where b.id = any (array(select e->>'id' from json_array_elements(p->'stamps') e)) order by b.id for update;
  select array_agg(x.stamp), array_agg(x.rollup_id), array_agg(x.start), array_agg(x."end")
  into v_stamps, v_rollups, v_starts, v_ends
  from (
    select s.place as stamp, b.rollup_id, w.start, w."end"
    from json_array_elements(p->'stamps') with ordinality s(value, place)
    join backfills b on b.id = (s.value->>'id') collate "C" and b.state = 'running'
    cross join lateral json_to_recordset(s.value->'windows') as w(start bigint, "end" bigint)
    order by b.rollup_id, w.start, s.place
  ) x;
  if v_stamps is not null then
    v_locked := array(
      select x.place
      from unnest(v_rollups, v_starts) with ordinality x(rollup_id, start_at, place)
      cross join lateral (
        select true from windows w where w.rollup_id = x.rollup_id and w.start_at = x.start_at limit 1 for update
      ) w
      order by x.place);
    with made as (
      insert into windows (rollup_id, start_at, end_at)
      select x.rollup_id, x.start_at, max(x.end_at)
      from unnest(v_rollups, v_starts, v_ends) with ordinality x(rollup_id, start_at, end_at, place)
      where (select true from windows w where w.rollup_id = x.rollup_id and w.start_at = x.start_at limit 1) is null
      group by x.rollup_id, x.start_at order by x.rollup_id, x.start_at
      on conflict (rollup_id, start_at) do nothing
      returning rollup_id, start_at
    )
    select array_agg(m.rollup_id), array_agg(m.start_at) into v_made_rollups, v_made_starts from made m;
    v_locked := v_locked || array(
      select x.place from unnest(v_rollups, v_starts) with ordinality x(rollup_id, start_at, place)
      where (x.rollup_id, x.start_at) in (select * from unnest(v_made_rollups, v_made_starts)));
  end if;

  for v_stamp in
    select s.place, s.value->>'id' as id, (s.value->>'expected')::bigint as expected, (s.value->>'cursor')::bigint as cursor
    from json_array_elements(p->'stamps') with ordinality s(value, place) order by s.place
  loop
    select b.* into v_backfill from backfills b where b.id = v_stamp.id;
    if v_backfill.state is distinct from 'running' then
      v_replies := v_replies || 'ended'::text;
      continue;
    end if;
    v_is_whole := array(select s.n from unnest(v_stamps) with ordinality s(stamp, n) where s.stamp = v_stamp.place) <@ v_locked;
    if v_backfill.cursor <> v_stamp.expected or not v_is_whole then
      v_replies := v_replies || 'stale'::text;
      continue;
    end if;
    with stretch as materialized (
      select v_backfill.rollup_id as rollup_id, x.start_at, x.place
      from unnest(v_stamps, v_starts) with ordinality x(stamp, start_at, place) where x.stamp = v_stamp.place
    )
    update windows w set
      backfill_id = v_stamp.id, suspect = null,
      attempts = case when w.retry_at is null then 0 else w.attempts end, error = case when w.retry_at is not null then w.error end,
      -- Whoever holds it began before it was asked for.
      taken_for = null
    from stretch x
    where w.rollup_id = x.rollup_id and w.start_at = x.start_at and ${fewBy('x.place')}
      and w.backfill_id is distinct from v_stamp.id;
    get diagnostics v_count = row_count;
    update backfills b set cursor = v_stamp.cursor, stamped = b.stamped + v_count,
      exhausted = case b."order" when 'oldest' then v_stamp.cursor >= b.to_at else v_stamp.cursor <= b.from_at end
    where b.id = v_stamp.id;
    update backfills b set state = 'finished', finished_at = v_now
    where b.id = v_stamp.id and b.exhausted and b.stamped = b.done + b.failed;
    v_replies := v_replies || 'stamped'::text;
  end loop;

  -- Rows that were made for stretches that were refused.
  if 'stale' = any (v_replies) and v_made_rollups is not null then
    delete from windows w using unnest(v_made_rollups, v_made_starts) with ordinality n(rollup_id, start_at, place)
    where w.rollup_id = n.rollup_id and w.start_at = n.start_at and ${fewBy('n.place')} and w.backfill_id is null;
  end if;
  return json_build_object('replies', to_json(v_replies));
end
$$`,
}
