/**
 * `backfills_create(p)`: backfills, unless their windows are those of an unfinished one, with the runs that are to work on them.
 *
 * Parameters: the contract's request. Result: the contract's reply; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

/** Of one rollup: how many are kept, and for how long; and how many go at a time. */
const MOST_KEPT = 200
const KEPT_MS = 90 * 86_400_000
const MOST_FORGOTTEN = 50

export const backfillsCreate: SqlFunction = {
  name: 'backfills_create',
  sql: /* sql */ `
create or replace function backfills_create(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_id int;
  v_one record;
  v_other text;
  v_status text;
  v_requests jsonb := '[]';
  v_made record;
  v_is_due boolean := false;
  v_replies json[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  -- Whether ranges overlap is for one at a time to see. The rows of rollups are others' to lock: this is in nobody's way.
  for v_id in
    select distinct u.id from json_to_recordset(p->'backfills') as x(rollup text) join rollups u on u.name = x.rollup collate "C" order by 1
  loop
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '/quarterjack-backfills/' || v_id, 0));
  end loop;
  for v_one in
    select x.*, u.id as rollup_id
    from rows from (json_to_recordset(p->'backfills') as (id text, rollup text, generation bigint, "from" bigint, "to" bigint,
      "select" text, "order" text, concurrency int, windows bigint, enqueue json))
      with ordinality as x(id, rollup, generation, from_at, to_at, "select", "order", concurrency, windows, enqueue, place)
    left join rollups u on u.name = x.rollup collate "C" and u.generation = x.generation
    order by x.place
  loop
    v_other := v_one.id;
    if exists (select 1 from backfills b where b.id = v_one.id) then
      v_status := 'exists';
    elsif v_one.rollup_id is null then
      v_status := 'redefined';
    else
      select b.id into v_other from backfills b
      where b.rollup_id = v_one.rollup_id and b.finished_at is null and b.from_at < v_one.to_at and v_one.from_at < b.to_at
      order by b.sequence limit 1;
      v_status := case when found then 'overlaps' else 'created' end;
    end if;
    if v_status = 'created' then
      insert into backfills (id, rollup_id, from_at, to_at, "select", "order", concurrency, cursor, windows, created_at)
      values (v_one.id, v_one.rollup_id, v_one.from_at, v_one.to_at, v_one."select", v_one."order", v_one.concurrency,
        case v_one."order" when 'oldest' then v_one.from_at else v_one.to_at end, v_one.windows, v_now)
      on conflict (id) do nothing;
      if found then
        -- The oldest that ended go.
        delete from backfills d where d.id in (
          select b.id from backfills b where b.id in (
            select x.id
            from (
              select o.id, o.finished_at, row_number() over (partition by o.finished_at is null order by o.sequence) as nth
              from (select k.* from backfills k where k.rollup_id = v_one.rollup_id order by k.sequence limit ${MOST_FORGOTTEN}) o
            ) x
            where x.finished_at < v_now - ${KEPT_MS}
              or (x.finished_at is not null and x.nth <= (select count(*) from backfills k where k.rollup_id = v_one.rollup_id) - ${MOST_KEPT})
          ) for update skip locked);
        v_requests := v_requests || v_one.enqueue::jsonb;
      else
        v_status := 'exists';
      end if;
      v_other := v_one.id;
    end if;
    v_replies := v_replies || json_build_object('status', v_status, 'id', v_other);
  end loop;
  if v_requests <> '[]' then
    v_made := enqueue_requests(v_requests::json, v_now);
    perform change_gates('{}', v_made.o_left, v_made.o_chances);
    v_is_due := v_made.o_is_due;
  end if;
  return json_build_object('replies', to_json(v_replies), 'storeNow', v_now,
    'hint', case when v_is_due then '[{"kind":"work","of":"runs"}]'::json end);
end
$$`,
}
