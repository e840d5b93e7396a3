/**
 * `lock_taken_windows(refreshers, rollups)`: locks windows that runs hold and name, in the order of rollups and starts, and before
 * them the backfills that they were stamped for. `refreshers` are records with runId, fence and windows; `rollups` their ids. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'

export const lockTakenWindows: SqlFunction = {
  name: 'lock_taken_windows',
  sql: /* sql */ `
create or replace function lock_taken_windows(p_refreshers json, p_rollups int[]) returns void language plpgsql as $$
declare
  v_runs text[];
  v_fences bigint[];
  v_rollups int[];
  v_starts bigint[];
begin
  select array_agg(x.run_id), array_agg(x.fence), array_agg(x.rollup_id), array_agg(x.start)
  into v_runs, v_fences, v_rollups, v_starts
  from (
    select c.value->>'runId' as run_id, (c.value->>'fence')::bigint as fence, p_rollups[c.place] as rollup_id, w.start
    from json_array_elements(p_refreshers) with ordinality c(value, place)
    cross join lateral json_to_recordset(c.value->'windows') as w(start bigint)
    where p_rollups[c.place] is not null
    order by 3, 4
  ) x;
  if v_runs is null then
    return;
  end if;
  -- Of a window that is held, what it was taken for does not change.
  perform 1 from backfills b
  where b.id = any (array(
    select distinct w.taken_for
    from unnest(v_runs, v_fences, v_rollups, v_starts) with ordinality x(run_id, fence, rollup_id, start, place)
    join windows w on w.rollup_id = x.rollup_id and w.start_at = x.start
    where ${fewBy('x.place')} and w.run_id = x.run_id and w.fence = x.fence and w.taken_for is not null
  ))
  order by b.id for update;
  perform 1
  from unnest(v_runs, v_fences, v_rollups, v_starts) with ordinality x(run_id, fence, rollup_id, start, place)
  cross join lateral (
    select 1 from windows w
    where w.rollup_id = x.rollup_id and w.start_at = x.start and w.run_id = x.run_id and w.fence = x.fence
    limit 1 for update
  ) l
  where ${fewBy('x.place')};
end
$$`,
}
