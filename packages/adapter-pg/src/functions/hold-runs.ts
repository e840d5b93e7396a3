/**
 * `hold_runs(ids)`: keeps runs as they are to the end of the transaction, for several who ask at once: nobody settles them or
 * takes them over. In the order of their ids. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const holdRuns: SqlFunction = {
  name: 'hold_runs',
  sql: /* sql */ `
create or replace function hold_runs(p_ids text[]) returns void language plpgsql as $$
begin
  perform 1
  from (select distinct u.id collate "C" as id from unnest(p_ids) u(id) order by 1) u
  cross join lateral (select 1 from runs r where r.id = u.id limit 1 for share) l;
end
$$`,
}
