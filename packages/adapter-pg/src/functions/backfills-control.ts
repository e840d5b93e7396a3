/**
 * `backfills_control(p)`: pauses, resumes and cancels backfills. Cancelling takes their stamps off, whoever holds the windows.
 * Locks backfills, then those of the runs to be made, then windows.
 *
 * Parameters: the contract's request. Result: the contract's reply; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const backfillsControl: SqlFunction = {
  name: 'backfills_control',
  sql: /* sql */ `
create or replace function backfills_control(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_one record;
  v_requests jsonb := '[]';
  v_made record;
  v_is_due boolean := false;
  v_cancelled text[] := '{}';
  v_freed record;
  v_changed boolean[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  perform 1 from backfills b where b.id = any (array(select e->>'id' from json_array_elements(p->'controls') e)) order by b.id for update;
  for v_one in
    select x.*, case x.action when 'pause' then 'paused' when 'resume' then 'running' else 'cancelled' end as goes_to
    from rows from (json_to_recordset(p->'controls') as (id text, action text, reason text, enqueue json))
      with ordinality as x(id, action, reason, enqueue, place)
    order by x.place
  loop
    update backfills b set state = v_one.goes_to, reason = case when v_one.action <> 'resume' then v_one.reason end,
      finished_at = case when v_one.action = 'cancel' then v_now end
    where b.id = v_one.id and b.finished_at is null and b.state <> v_one.goes_to;
    v_changed := v_changed || found;
    if found and v_one.action = 'cancel' then
      v_cancelled := v_cancelled || v_one.id;
    elsif found and v_one.action = 'resume' then
      v_requests := v_requests || v_one.enqueue::jsonb;
    end if;
  end loop;
  if v_requests <> '[]' then
    v_made := enqueue_requests(v_requests::json, v_now);
    perform change_gates('{}', v_made.o_left, v_made.o_chances);
    v_is_due := v_made.o_is_due;
  end if;
  if cardinality(v_cancelled) > 0 then
    perform 1 from windows w where w.backfill_id = any (v_cancelled) order by w.rollup_id, w.start_at for update;
    for v_freed in
      with freed as (
        update windows w set backfill_id = null where w.backfill_id = any (v_cancelled) returning w.rollup_id, w.start_at
      )
      select f.rollup_id, array_agg(f.start_at) as starts from freed f group by f.rollup_id
    loop
      perform forget_plain(v_freed.rollup_id, v_freed.starts);
    end loop;
  end if;
  return json_build_object('changed', array_to_json(v_changed), 'storeNow', v_now,
    'hint', case when v_is_due then '[{"kind":"work","of":"runs"}]'::json end);
end
$$`,
}
