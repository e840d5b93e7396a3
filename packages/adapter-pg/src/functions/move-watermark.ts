/**
 * `move_watermark(rollup, pace)`: keeps the pace, moves the watermark over windows that are complete, and forgets those behind it
 * that nothing is to be said about any more. Locks the rollup, after everything else; waits for no window: whose row somebody has is
 * forgotten another time. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { isPlain } from './window-columns.ts'

export const moveWatermark: SqlFunction = {
  name: 'move_watermark',
  sql: /* sql */ `
create or replace function move_watermark(p_rollup int, p_pace text) returns void language plpgsql as $$
declare
  v_former bigint;
  v_watermark bigint;
  v_end bigint;
begin
  select u.watermark into v_former from rollups u where u.id = p_rollup for update;
  v_watermark := v_former;
  loop
    select w.end_at into v_end from windows w where w.rollup_id = p_rollup and w.start_at = v_watermark and w.complete;
    exit when not found;
    v_watermark := v_end;
  end loop;
  if v_watermark > v_former or p_pace is not null then
    update rollups u set watermark = v_watermark, pace = coalesce(p_pace, u.pace) where u.id = p_rollup;
  end if;
  if v_watermark > v_former then
    perform forget_plain(p_rollup, v_former, v_watermark);
  end if;
end
$$`,
}

/** Kept apart, since others end stamps and suspicions too. */
export const forgetPlain: SqlFunction = {
  name: 'forget_plain',
  sql: /* sql */ `
create or replace function forget_plain(p_rollup int, p_from bigint, p_to bigint) returns void language plpgsql as $$
declare
  v_starts bigint[];
begin
  v_starts := array(
    select w.start_at from windows w
    where w.rollup_id = p_rollup and w.start_at >= p_from and w.start_at < p_to
      and ${isPlain('w', '(select u.watermark from rollups u where u.id = p_rollup)')}
    order by w.start_at for update skip locked);
  delete from windows w using unnest(v_starts) with ordinality x(start_at, place)
  where w.rollup_id = p_rollup and w.start_at = x.start_at and ${fewBy('x.place')};
end
$$`,
}
