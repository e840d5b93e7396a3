/**
 * `drain_trigger_log(now)`: takes in triggers that users' transactions logged and committed, the oldest first, 500 at most.
 * Entries that others are taking in are passed by. Cheap when there are none. Returns whether it
 * locked gates, so that the caller must not wait for others. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const drainTriggerLog: SqlFunction = {
  name: 'drain_trigger_log',
  sql: /* sql */ `
create or replace function drain_trigger_log(p_now bigint) returns boolean language plpgsql as $$
declare
  v_requests json;
  v_made record;
begin
  if not exists (select 1 from trigger_log) then
    return false;
  end if;
  with gone as (
    delete from trigger_log l using (
      select t.id from trigger_log t order by t.id limit 500 for update skip locked
    ) n
    where l.id = n.id
    returning l.id, l.request
  )
  select json_agg(g.request order by g.id) into v_requests from gone g;
  if v_requests is not null then
    v_made := enqueue_requests(v_requests, p_now);
    perform change_gates('{}', v_made.o_left, v_made.o_chances);
    return cardinality(v_made.o_left) + cardinality(v_made.o_chances) > 0;
  end if;
  return false;
end
$$`,
}
