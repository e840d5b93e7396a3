/**
 * `has_due(job, now)`: whether a job has due pending runs, suspects included. Walks the priorities that occur with one index
 * probe each. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const hasDue: SqlFunction = {
  name: 'has_due',
  sql: /* sql */ `
create or replace function has_due(p_job int, p_now bigint) returns boolean language plpgsql as $$
declare
  v_priority int := 2147483647;
begin
  loop
    select r.priority into v_priority from runs r
    where r.owner = '' and r.job_id = p_job and r.state <> 'waiting' and r.priority < v_priority
    order by r.priority desc limit 1;
    exit when not found;
    if exists (
      select 1 from runs r
      where r.owner = '' and r.job_id = p_job and r.state <> 'waiting' and r.priority = v_priority and r.run_at <= p_now
    ) then
      return true;
    end if;
  end loop;
  return false;
end
$$`,
}
