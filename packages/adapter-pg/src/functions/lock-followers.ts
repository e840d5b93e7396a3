/**
 * `lock_followers(settlements, ids)`: where successes among the settlements bring about others, locks all that settling them waits for, in
 * the order in which others wait: missing jobs are made, then keys, as slots and triggers have them before they look at runs; then, by their
 * ids, the runs that end, further ones that the caller names, and those that the others join. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { keysOf } from './lock-keys.ts'

export const lockFollowers: SqlFunction = {
  name: 'lock_followers',
  sql: /* sql */ `
create or replace function lock_followers(p_settlements json, p_ids text[]) returns void language plpgsql as $$
declare
  v_requests json := (
    select json_agg(r) from json_array_elements(p_settlements) s cross join lateral json_array_elements(s->'enqueue') r
    where s->>'to' = 'succeeded');
begin
  if v_requests is null then
    return;
  end if;
  perform obtain_jobs(array(select distinct e->>'job' from json_array_elements(v_requests) e));
  perform lock_keys(${keysOf('v_requests')});
  -- Behind the lock of its key, which run is open stands still.
  perform lock_runs(p_ids || array(select s->>'runId' from json_array_elements(p_settlements) s) || array(
    select unnest((
      select array[d.open_run_id, d.window_run_id] from debounces d
      where d.job_id = (select j.id from jobs j where j.name = (e->>'job') collate "C") and d.key = (e->>'key') collate "C"
    ))
    from json_array_elements(v_requests) e where e->'debounce' is not null));
end
$$`,
}
