/** `schedules_get({ schedules })` → `{ schedules }`: the records in the order asked, null for what is not there. */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

export const schedulesGet: SqlFunction = {
  name: 'schedules_get',
  sql: /* sql */ `
create or replace function schedules_get(p json) returns json language plpgsql stable ${PLANNED_ONCE} as $$
begin
  return json_build_object('schedules', coalesce((
    select json_agg(s.record order by a.place)
    from rows from (json_to_recordset(p->'schedules') as (job text, name text)) with ordinality as a(job, name, place)
    left join lateral (
      select schedule_json(o, a.job) as record from schedules o
      where o.job_id = (select j.id from jobs j where j.name = a.job) and o.name = a.name limit 1
    ) s on true
  ), '[]'));
end
$$`,
}
