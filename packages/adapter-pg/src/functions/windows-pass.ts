/**
 * `windows_pass(p)`: moves watermarks over windows that need no refresh; where they are past what is kept, records up to there go,
 * unless they are held. Locks as `record_refreshes` does, and waits for no window.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const windowsPass: SqlFunction = {
  name: 'windows_pass',
  sql: /* sql */ `
create or replace function windows_pass(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_pass record;
  v_id int;
  v_watermark bigint;
  v_passed boolean[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  perform 1 from backfills b
  where b.id = any (array(
    select b.id
    from json_to_recordset(p->'passes') as x(rollup text, expired boolean)
    join rollups u on u.name = x.rollup collate "C"
    cross join lateral (select b.id from backfills b where b.rollup_id = u.id and b.finished_at is null order by b.sequence) b
    where x.expired
  ))
  order by b.id for update;
  -- In the order of rollups, whose rows are locked one after the other.
  v_passed := array_fill(false, array[json_array_length(p->'passes')]);
  for v_pass in
    select x.*, u.id
    from rows from (json_to_recordset(p->'passes') as (rollup text, generation bigint, expected bigint, through bigint, expired boolean))
      with ordinality as x(rollup, generation, expected, through, expired, place)
    join rollups u on u.name = x.rollup collate "C" and u.generation = x.generation
    where x.place > 0
    order by u.id, x.place
  loop
    v_id := v_pass.id;
    -- A look that waits for nobody: whoever is late has changed nothing.
    continue when (select u.watermark from rollups u where u.id = v_id) <> v_pass.expected;
    if v_pass.expired then
      perform expire_windows(v_id, v_pass.through, v_now);
    end if;
    select u.watermark into v_watermark from rollups u where u.id = v_id for update;
    continue when v_watermark <> v_pass.expected or (not v_pass.expired and exists (
      select 1 from windows w
      where w.rollup_id = v_id and w.start_at >= v_pass.expected and w.start_at < v_pass.through and not w.complete));
    update rollups u set watermark = greatest(v_pass.expected, v_pass.through) where u.id = v_id;
    perform forget_plain(v_id, array(
      select w.start_at from windows w where w.rollup_id = v_id and w.start_at >= v_pass.expected and w.start_at < v_pass.through));
    perform move_watermark(v_id, null);
    v_passed[v_pass.place] := true;
  end loop;
  return json_build_object('passed', array_to_json(v_passed));
end
$$`,
}
