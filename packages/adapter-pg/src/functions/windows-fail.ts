/**
 * `windows_fail(p)`: records refreshes that failed, each failure whole or not at all. Locks as `record_refreshes` does.
 *
 * Parameters: the contract's request. Result: the contract's reply.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const windowsFail: SqlFunction = {
  name: 'windows_fail',
  sql: /* sql */ `
create or replace function windows_fail(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_admitted record;
  v_failure record;
  v_starts bigint[];
  v_held bigint[];
  v_given_up text[];
  v_failed int[] := '{}';
  v_paces text[] := '{}';
  v_replies text[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  perform hold_runs(array(select e->>'runId' from json_array_elements(p->'failures') e));
  v_admitted := admit_refreshers(p->'failures');
  perform lock_taken_windows(p->'failures', v_admitted.o_rollups);
  for v_failure in
    select v_admitted.o_statuses[c.place] as status, v_admitted.o_rollups[c.place] as rollup_id, c.value->'windows' as windows,
      c.value->>'runId' as run_id, (c.value->>'fence')::bigint as fence, c.value->>'pace' as pace
    from json_array_elements(p->'failures') with ordinality c(value, place) order by c.place
  loop
    if v_failure.status <> 'ok' then
      v_replies := v_replies || v_failure.status;
      continue;
    end if;
    v_starts := array(select x.start from json_to_recordset(v_failure.windows) as x(start bigint));
    v_held := windows_of_run(v_failure.rollup_id, v_starts, v_failure.run_id, v_failure.fence);
    if not v_starts <@ v_held then
      -- It arrived before, and its reply was lost.
      v_replies := v_replies || case when exists (
        select 1 from unnest(v_starts) x(start)
        where x.start = any(v_held) or not exists (
          select 1 from window_commits c cross join lateral unnest(c.starts, c.seqs) k(start, seq)
          where c.run_id = v_failure.run_id and c.fence = v_failure.fence and c.rollup_id = v_failure.rollup_id
            and k.start = x.start and k.seq is null)
      ) then 'stale' else 'failed' end;
      continue;
    end if;
    with given as materialized (
      select distinct on (x.start) v_failure.rollup_id as rollup_id, x.start, x.error, x."retryDelayMs" as delay_ms, row_number() over () as place
      from json_to_recordset(v_failure.windows) as x(start bigint, error json, "retryDelayMs" bigint) order by x.start
    ), given_up as materialized (
      select w.taken_for
      from given x
      cross join lateral (
        select w.taken_for, w.backfill_id from windows w where w.rollup_id = v_failure.rollup_id and w.start_at = x.start limit 1
      ) w
      where x.delay_ms is null and w.taken_for = w.backfill_id
    ), failed as (
      update windows w set
        -- Given up; but not if it was marked again since it was taken.
        attempts = case when x.delay_ms is null and w.later_since is not null then 0 else w.attempts + 1 end,
        error = case when x.delay_ms is not null or w.later_since is null then x.error end,
        retry_at = v_now + x.delay_ms,
        backfill_id = case when x.delay_ms is not null or w.backfill_id is distinct from w.taken_for then w.backfill_id end,
        run_id = null, fence = 0, taken_due = false, taken_for = null, later_since = null, later_removed = false
      from given x
      where w.rollup_id = x.rollup_id and w.start_at = x.start and ${fewBy('x.place')}
    )
    select array_agg(u.taken_for) into v_given_up from given_up u;
    perform count_stamps('{}', v_given_up, v_now);
    insert into window_commits (run_id, fence, rollup_id, starts, seqs)
    values (v_failure.run_id, v_failure.fence, v_failure.rollup_id, v_starts, array_fill(null::bigint, array[cardinality(v_starts)]));
    v_failed := v_failed || v_failure.rollup_id;
    v_paces := v_paces || v_failure.pace;
    v_replies := v_replies || 'failed'::text;
  end loop;

  for v_failure in
    select x.rollup_id, (array_agg(x.pace order by x.place desc))[1] as pace
    from unnest(v_failed, v_paces) with ordinality x(rollup_id, pace, place)
    where x.pace is not null group by x.rollup_id order by x.rollup_id
  loop
    update rollups u set pace = v_failure.pace where u.id = v_failure.rollup_id;
  end loop;
  return json_build_object('replies', to_json(v_replies), 'storeNow', v_now);
end
$$`,
}
