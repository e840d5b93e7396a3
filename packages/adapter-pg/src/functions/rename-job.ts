/**
 * `rename_job(job id, name, now)`: gives a job a new name: record, schedules, history and running work go on under it.
 * All refer to the job by its id, so only the names of its gates are to be changed. What came under the new name before
 * its definition joins the job, whose own schedules and open runs win. The caller has the definitions lock alone. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const renameJob: SqlFunction = {
  name: 'rename_job',
  sql: /* sql */ `
create or replace function rename_job(p_job_id int, p_name text, p_now bigint) returns void language plpgsql as $$
declare
  v_former text;
  v_early int;
  v_new_former int;
begin
  select j.name into v_former from jobs j where j.id = p_job_id;
  select j.id into v_early from jobs j where j.name = p_name;
  perform 1 from owners o
  where o.ended_at is null and (p_job_id = any (o.job_ids) or v_early = any (o.job_ids))
  order by o.id for update;
  perform 1 from runs r where r.job_id in (p_job_id, v_early) order by r.id for update;

  if v_early is not null then
    perform join_job(v_early, p_job_id, p_now);
    delete from jobs j where j.id = v_early;
  end if;
  update jobs j set name = p_name where j.id = p_job_id;
  perform move_gates(p_job_id, v_former);

  -- Owners declare names: those that know only the former one do not know the job any more.
  if exists (select 1 from owners o where o.ended_at is null and p_job_id = any (o.job_ids)) then
    insert into jobs (name) values (v_former) returning jobs.id into v_new_former;
    update owners o set job_ids = array_replace(o.job_ids, p_job_id, v_new_former)
    where o.ended_at is null and p_job_id = any (o.job_ids);
  end if;
  update owners o set job_ids = array_replace(o.job_ids, v_early, p_job_id)
  where o.ended_at is null and v_early = any (o.job_ids);
end
$$`,
}
