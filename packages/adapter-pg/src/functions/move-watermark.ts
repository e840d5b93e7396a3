/**
 * `move_watermark(rollup, pace)`: keeps the pace, moves the watermark over windows that are complete, and forgets those behind
 * it that nothing is to be said about any more. Locks the rollup, after everything else. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const moveWatermark: SqlFunction = {
  name: 'move_watermark',
  sql: /* sql */ `
create or replace function move_watermark(p_rollup int, p_pace text) returns void language plpgsql as $$
declare
  v_former bigint;
  v_watermark bigint;
  v_end bigint;
  v_starts bigint[] := '{}';
begin
  select u.watermark into v_former from rollups u where u.id = p_rollup for update;
  v_watermark := v_former;
  loop
    select w.end_at into v_end from windows w where w.rollup_id = p_rollup and w.start_at = v_watermark and w.complete;
    exit when not found;
    v_starts := v_starts || v_watermark;
    v_watermark := v_end;
  end loop;
  if v_watermark > v_former or p_pace is not null then
    update rollups u set watermark = v_watermark, pace = coalesce(p_pace, u.pace) where u.id = p_rollup;
    perform forget_plain(p_rollup, v_starts);
  end if;
end
$$`,
}
