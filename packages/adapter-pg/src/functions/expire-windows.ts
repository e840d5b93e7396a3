/**
 * `expire_windows(rollup, through, now)`: forgets windows that start before, unless they are held; backfills count them as done. The
 * caller has the rows of backfills. Waits for no window. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { isFree } from './window-columns.ts'

export const expireWindows: SqlFunction = {
  name: 'expire_windows',
  sql: /* sql */ `
create or replace function expire_windows(p_rollup int, p_through bigint, p_now bigint) returns void language plpgsql as $$
declare
  v_starts bigint[];
  v_stamps text[];
begin
  select array_agg(x.start_at), array_agg(x.backfill_id) filter (where x.backfill_id is not null) into v_starts, v_stamps
  from (
    select w.start_at, w.backfill_id from windows w
    where w.rollup_id = p_rollup and w.start_at < p_through and ${isFree('w')}
    order by w.start_at for update skip locked
  ) x;
  with gone as materialized (
    select p_rollup as rollup_id, x.start_at, x.place from unnest(v_starts) with ordinality x(start_at, place)
  )
  delete from windows w using gone x where w.rollup_id = x.rollup_id and w.start_at = x.start_at and ${fewBy('x.place')};
  perform count_stamps(v_stamps, '{}', p_now);
end
$$`,
}
