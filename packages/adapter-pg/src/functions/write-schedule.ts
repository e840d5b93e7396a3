/**
 * `write_schedule(job id, write, now)`: creates a schedule, or changes the one that is there; for callers that have the
 * definitions lock alone. Answers as `change_schedule` does, or `created`. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const writeSchedule: SqlFunction = {
  name: 'write_schedule',
  sql: /* sql */ `
create or replace function write_schedule(p_job_id int, p_write json, p_now bigint, out v_status text, out v_cursor bigint)
language plpgsql as $$
declare
  v_schedule_id bigint;
begin
  select s.id into v_schedule_id from schedules s where s.job_id = p_job_id and s.name = p_write->>'name' for update;
  if found then
    select c.v_status, c.v_cursor into v_status, v_cursor from change_schedule(v_schedule_id, p_write, p_now) c;
    return;
  end if;
  insert into schedules (job_id, name, key, incarnation, spec, payload, cursor, next_slot, next_due_at, created_at)
  select p_job_id, w.name, w.key, w.incarnation, w.spec, w.payload, w."asOf", w."nextSlot", w."nextDueAt", w."asOf"
  from json_to_record(p_write) as w(
    name text, key text, incarnation text, spec text, payload text, "asOf" bigint, "nextSlot" bigint, "nextDueAt" bigint
  )
  returning schedules.cursor into v_cursor;
  v_status := 'created';
end
$$`,
}
