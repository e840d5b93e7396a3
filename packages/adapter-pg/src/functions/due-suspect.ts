/**
 * `due_suspect(owner, job_ids, now)`: the id of the suspect that the owner may claim, its row locked: one at a time, so that
 * a crash can be laid at its door. Null if it holds one already, or none is due. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const dueSuspect: SqlFunction = {
  name: 'due_suspect',
  sql: /* sql */ `
create or replace function due_suspect(p_owner text, p_jobs int[], p_now bigint) returns text language plpgsql as $$
declare
  v_id text;
begin
  select r.id into v_id from runs r
  where r.suspect and r.job_id = any (p_jobs) and r.owner = p_owner collate "C"
  limit 1;
  if found then
    return null;
  end if;
  select r.id into v_id from runs r
  -- The state is asked for in a way that leaves the line of the job, which may be long, out of the question.
  where r.suspect and r.job_id = any (p_jobs) and r.owner = '' and r.state is not distinct from 'pending' and r.run_at <= p_now
  order by r.priority desc, r.run_at, r.sequence
  limit 1
  for update skip locked;
  return v_id;
end
$$`,
}
