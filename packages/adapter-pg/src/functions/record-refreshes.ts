/**
 * `record_refreshes(commits, now)`: refreshes to be recorded, each commit whole or not at all. Locks, in this order: runs, so that
 * nobody takes them over meanwhile; backfills; windows; rollups. The caller shares the definitions lock. Replies as
 * [status, watermark, is repeated]: whether it had been recorded before, so that nothing was written now. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'

export const recordRefreshes: SqlFunction = {
  name: 'record_refreshes',
  sql: /* sql */ `
create or replace function record_refreshes(p_commits json, p_now bigint) returns json language plpgsql as $$
declare
  v_admitted record;
  v_held bigint[];
  v_commit record;
  v_starts bigint[];
  v_seqs bigint[];
  v_given json;
  v_done text[];
  v_moved int[] := '{}';
  v_paces text[] := '{}';
  v_replies json[] := '{}';
  v_is_repeated boolean;
begin
  perform hold_runs(array(select e->>'runId' from json_array_elements(p_commits) e));
  v_admitted := admit_refreshers(p_commits);
  perform lock_taken_windows(p_commits, v_admitted.o_rollups);

  for v_commit in
    select c.place, v_admitted.o_statuses[c.place] as status, v_admitted.o_rollups[c.place] as rollup_id, c.value,
      c.value->>'runId' as run_id, (c.value->>'fence')::bigint as fence
    from json_array_elements(p_commits) with ordinality c(value, place) order by c.place
  loop
    if v_commit.status <> 'ok' then
      v_replies := v_replies || json_build_array(v_commit.status, null);
      continue;
    end if;
    v_given := v_commit.value->'windows';
    v_starts := array(select x.start from json_to_recordset(v_given) as x(start bigint));
    v_seqs := array(select x.seq from json_to_recordset(v_given) as x(seq bigint));
    v_held := windows_of_run(v_commit.rollup_id, v_starts, v_commit.run_id, v_commit.fence);
    v_is_repeated := not v_starts <@ v_held;
    if not v_is_repeated then
      -- Before the windows are clean: whoever sees that has the marks, too.
      perform append_marks(array_to_json(array(
        select m.value from json_array_elements(v_commit.value->'marks') with ordinality m(value, place)
        where exists (select from mark_sources s where s.name = m.value->>'source') order by m.place
      )), p_now);
      with given as materialized (
        select distinct on (x.start) v_commit.rollup_id as rollup_id, x.start, x.seq, x.suspect, row_number() over () as place
        from json_to_recordset(v_given) as x(start bigint, seq bigint, suspect text) order by x.start
      ), former as materialized (
        select x.start, w.taken_for
        from given x
        cross join lateral (
          select w.taken_for, w.backfill_id from windows w where w.rollup_id = v_commit.rollup_id and w.start_at = x.start limit 1
        ) w
        where w.taken_for = w.backfill_id
      ), recorded as (
        update windows w set
          dirty_since = case when w.seq <> x.seq then coalesce(w.later_since, w.dirty_since) end,
          removed = w.seq <> x.seq and case when w.later_since is null then w.removed else w.later_removed end,
          suspect = case when w.seq = x.seq then x.suspect end,
          complete = w.complete or w.taken_due, refreshed_at = p_now, attempts = 0, error = null, retry_at = null,
          -- What was stamped since may be about rows that this refresh has not seen.
          backfill_id = case when w.backfill_id is distinct from w.taken_for then w.backfill_id end,
          run_id = null, fence = 0, taken_due = false, taken_for = null, later_since = null, later_removed = false
        from given x
        where w.rollup_id = x.rollup_id and w.start_at = x.start and ${fewBy('x.place')}
      )
      select array_agg(f.taken_for) into v_done from former f;
      perform count_stamps(v_done, '{}', p_now);
      insert into window_commits (run_id, fence, rollup_id, starts, seqs)
      values (v_commit.run_id, v_commit.fence, v_commit.rollup_id, v_starts, v_seqs);
      perform forget_plain(v_commit.rollup_id, v_starts);
      v_moved := v_moved || v_commit.rollup_id;
      v_paces := v_paces || (v_commit.value->>'pace');
    elsif not exists (
      -- It arrived before, and its reply was lost. Of what was taken again since, nothing is recorded yet.
      select 1 from unnest(v_starts, v_seqs) x(start, seq)
      where x.start = any(v_held) or not exists (
        select 1 from window_commits c cross join lateral unnest(c.starts, c.seqs) k(start, seq)
        where c.run_id = v_commit.run_id and c.fence = v_commit.fence and c.rollup_id = v_commit.rollup_id
          and k.start = x.start and k.seq = x.seq)
    ) then
      null;
    else
      v_replies := v_replies || json_build_array('stale', null);
      continue;
    end if;
    v_replies := v_replies || json_build_array('committed', v_is_repeated);
  end loop;

  -- Last of all, and in one order.
  for v_commit in
    select x.rollup_id, (array_agg(x.pace order by x.place desc) filter (where x.pace is not null))[1] as pace
    from unnest(v_moved, v_paces) with ordinality x(rollup_id, pace, place) group by x.rollup_id order by x.rollup_id
  loop
    perform move_watermark(v_commit.rollup_id, v_commit.pace);
  end loop;
  return (
    select json_agg(case when r.value->>0 = 'committed'
      then json_build_array('committed', (select u.watermark from rollups u where u.id = v_admitted.o_rollups[r.place] limit 1), r.value->1) else r.value end
      order by r.place)
    from unnest(v_replies) with ordinality r(value, place));
end
$$`,
}
