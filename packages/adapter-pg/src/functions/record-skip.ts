/**
 * `record_skips(schedule id, ranges, now)`: writes ranges of skipped slots of a schedule's present spec, and adds those
 * that are counted to its `slots`. The caller has locked the schedule's row. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const recordSkips: SqlFunction = {
  name: 'record_skips',
  sql: /* sql */ `
create or replace function record_skips(p_schedule_id bigint, p_ranges json, p_now bigint) returns void language plpgsql as $$
declare
  v_counted bigint;
begin
  with written as (
    insert into skips (schedule_id, job_id, key, reason, from_slot, to_slot, count, spec_generation, finished_at)
    select s.id, s.job_id, s.key, a.reason, a."from", a."to", a.count, s.generation, p_now
    from schedules s
    cross join rows from (json_to_recordset(p_ranges) as (reason text, "from" bigint, "to" bigint, count bigint)) with ordinality
      as a(reason, "from", "to", count, place)
    where s.id = p_schedule_id
    order by a.place
    returning skips.count
  )
  select sum(w.count) into v_counted from written w;
  if v_counted > 0 then
    update schedules s set slots = s.slots + v_counted where s.id = p_schedule_id;
  end if;
end
$$`,
}
