/**
 * `runs_held(p)`: the runs that are leased to an owner, in the order of their claims.
 *
 * Parameters: owner. Result: runs, as `run_row` writes them.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsHeld: SqlFunction = {
  name: 'runs_held',
  sql: /* sql */ `
create or replace function runs_held(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
begin
  return json_build_object('runs', coalesce((
    select json_agg(run_row(r, j.name) order by r.fence)
    from runs r join jobs j on j.id = r.job_id
    where r.owner = p->>'owner' and r.owner <> '' and r.state <> 'waiting'
  ), '[]'));
end
$$`,
}
