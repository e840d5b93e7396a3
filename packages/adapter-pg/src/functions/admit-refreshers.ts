/**
 * `admit_refreshers(refreshers)`: which runs may work on which rollups. Their rows must be locked by the caller, so that the answer
 * holds. Arrays in the order given: status, `stale` (the run does not run under its fence), `redefined` (the rollup has
 * another generation, or is unknown) or `ok`; and the id of the rollup. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const admitRefreshers: SqlFunction = {
  name: 'admit_refreshers',
  sql: /* sql */ `
create or replace function admit_refreshers(p_refreshers json, out o_statuses text[], out o_rollups int[]) language plpgsql as $$
begin
  select array_agg(x.status order by x.place), array_agg(x.id order by x.place)
  into o_statuses, o_rollups
  from (
    select a.place, u.id, case
      when (select true from runs r where r.id = a.run_id and r.fence = a.fence and r.state = 'running' limit 1) is null then 'stale'
      when u.id is null then 'redefined' else 'ok' end as status
    from rows from (json_to_recordset(p_refreshers) as (rollup text, generation bigint, "runId" text, fence bigint))
      with ordinality as a(rollup, generation, run_id, fence, place)
    left join lateral (
      select k.id from rollups k where k.name = a.rollup collate "C" and k.generation = a.generation limit 1
    ) u on true
  ) x;
end
$$`,
}
