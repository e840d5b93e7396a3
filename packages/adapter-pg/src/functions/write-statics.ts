/**
 * `write_statics(job id, writes, now)`: writes the static set of a job, and retires what is missing in it; true when
 * anything changed. The caller has the definitions lock alone, and has locked the static schedules. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const writeStatics: SqlFunction = {
  name: 'write_statics',
  sql: /* sql */ `
create or replace function write_statics(p_job_id int, p_writes json, p_now bigint) returns boolean language plpgsql as $$
declare
  v_write json;
  v_status text;
  v_retired bigint[];
  v_has_changed boolean := false;
begin
  for v_write in select a.one from json_array_elements(p_writes) with ordinality as a(one, place) order by a.place loop
    v_status := (write_schedule(p_job_id, v_write, p_now)).v_status;
    v_has_changed := v_has_changed or v_status <> 'unchanged';
  end loop;
  v_retired := array(
    select s.id from schedules s
    where s.job_id = p_job_id and s.name like '#%' and s.name not in (select w.name from json_to_recordset(p_writes) as w(name text))
  );
  delete from skips k where k.schedule_id = any (v_retired);
  delete from schedules s where s.id = any (v_retired);
  return v_has_changed or cardinality(v_retired) > 0;
end
$$`,
}
