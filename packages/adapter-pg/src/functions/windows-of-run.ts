/** `windows_of_run(rollup, starts, run, fence)`: those of the windows that a run took under a fence. Internal. */
import type { SqlFunction } from '../schema/sql-function.ts'

export const windowsOfRun: SqlFunction = {
  name: 'windows_of_run',
  sql: /* sql */ `
create or replace function windows_of_run(p_rollup int, p_starts bigint[], p_run text, p_fence bigint) returns bigint[] language plpgsql as $$
begin
  -- Each is looked up by itself: with a list, all of the rollup would be read.
  return array(
    select x.start_at from unnest(p_starts) x(start_at)
    where (
      select w.run_id = p_run and w.fence = p_fence from windows w where w.rollup_id = p_rollup and w.start_at = x.start_at limit 1
    ));
end
$$`,
}
