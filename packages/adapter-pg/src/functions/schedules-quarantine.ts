/** `schedules_quarantine({ schedules })` → `{}`: takes schedules whose rows cannot be understood out of the due index. */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const schedulesQuarantine: SqlFunction = {
  name: 'schedules_quarantine',
  sql: /* sql */ `
create or replace function schedules_quarantine(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_asked bigint[];
  v_reasons text[];
begin
  perform lock_definitions_shared();
  select array_agg(q.id), array_agg(q.reason) into v_asked, v_reasons
  from (
    select distinct on (s.id) s.id, a.reason
    from rows from (json_to_recordset(p->'schedules') as (job text, name text, reason text)) with ordinality
      as a(job, name, reason, place)
    cross join lateral (
      select o.id from schedules o
      where o.job_id = (select j.id from jobs j where j.name = a.job) and o.name = a.name limit 1
    ) s
    order by s.id, a.place desc
  ) q;
  perform 1 from schedules s where s.id = any (v_asked) order by s.id for update;
  update schedules s set quarantined = v_reasons[array_position(v_asked, s.id)] where s.id = any (v_asked);
  return '{}';
end
$$`,
}
