/**
 * `runs_get(p)`: runs by id.
 *
 * Parameters: ids. Result: runs in the order asked, as `run_row` writes them; null where there is none.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const runsGet: SqlFunction = {
  name: 'runs_get',
  sql: /* sql */ `
create or replace function runs_get(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
begin
  -- One statement sees a run in one of the two tables, even while it ends.
  return json_build_object('runs', coalesce((
    select json_agg(coalesce(
        (select run_row(r, j.name) from runs r join jobs j on j.id = r.job_id where r.id = i.id),
        (select history_row(h, j.name) from history h join jobs j on j.id = h.job_id where h.id = i.id)
      ) order by i.place)
    from json_array_elements_text(p->'ids') with ordinality i(id, place)
  ), '[]'));
end
$$`,
}
