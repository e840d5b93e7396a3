/**
 * `forget_plain(rollup, starts)`: forgets windows that nothing is to be said about any more. Waits for nobody: one whose row
 * somebody has is forgotten another time. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { isPlain } from './window-columns.ts'

export const forgetPlain: SqlFunction = {
  name: 'forget_plain',
  sql: /* sql */ `
create or replace function forget_plain(p_rollup int, p_starts bigint[]) returns void language plpgsql as $$
declare
  v_watermark bigint := (select u.watermark from rollups u where u.id = p_rollup);
  v_starts bigint[];
begin
  v_starts := array(
    select x.start_at
    from unnest(p_starts) with ordinality x(start_at, place)
    cross join lateral (
      select 1 from windows w
      where w.rollup_id = p_rollup and w.start_at = x.start_at and ${isPlain('w', 'v_watermark')}
      limit 1 for update skip locked
    ) w);
  with gone as materialized (
    select p_rollup as rollup_id, x.start_at, x.place from unnest(v_starts) with ordinality x(start_at, place)
  )
  delete from windows w using gone x where w.rollup_id = x.rollup_id and w.start_at = x.start_at and ${fewBy('x.place')};
end
$$`,
}
