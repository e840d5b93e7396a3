/**
 * `lock_runs(ids)`: locks the rows of unfinished runs, in the order of their ids, whatever the order given. Each is looked up
 * by itself: an ordered scan with a list of ids would read the whole index. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const lockRuns: SqlFunction = {
  name: 'lock_runs',
  sql: /* sql */ `
create or replace function lock_runs(p_ids text[]) returns void language plpgsql as $$
begin
  perform 1
  from (select distinct u.id collate "C" as id from unnest(p_ids) u(id) order by 1) u
  cross join lateral (select 1 from runs r where r.id = u.id limit 1 for update) l;
end
$$`,
}
