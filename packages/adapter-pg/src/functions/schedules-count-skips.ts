/**
 * `schedules_count_skips({ job, name, counts })` → `{}`: fills in counts that ranges did not have, and adds them to the
 * schedule's `slots`. Under the schedule's row lock, so that each is counted once.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const schedulesCountSkips: SqlFunction = {
  name: 'schedules_count_skips',
  sql: /* sql */ `
create or replace function schedules_count_skips(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_schedule_id bigint;
  v_ids bigint[];
  v_counts bigint[];
  v_counted bigint;
begin
  select s.id into v_schedule_id
  from schedules s
  where s.job_id = (select j.id from jobs j where j.name = p->>'job') and s.name = p->>'name'
  for update;
  if not found then
    return '{}';
  end if;
  -- Where one is named twice, the last word counts.
  select array_agg(a.id::bigint order by a.place desc), array_agg(a.count order by a.place desc) into v_ids, v_counts
  from rows from (json_to_recordset(p->'counts') as (id text, count bigint)) with ordinality as a(id, count, place)
  where a.id ~ '^[0-9]{1,18}$';
  with counted as (
    update skips k set count = v_counts[array_position(v_ids, k.id)]
    where k.id = any (v_ids) and k.schedule_id = v_schedule_id and k.count is null
    returning k.count
  )
  select sum(c.count) into v_counted from counted c;
  if v_counted is not null then
    update schedules s set slots = s.slots + v_counted where s.id = v_schedule_id;
    perform trim_history(v_schedule_id);
  end if;
  return '{}';
end
$$`,
}
