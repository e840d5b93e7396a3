/**
 * `trim_history(schedule id)`: forgets specs that no slot after the horizon came from, except those that uncounted
 * ranges are still to be counted by. Of very many specs the oldest go, and the horizon follows them. The caller has
 * locked the schedule's row. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** Earlier specs kept with a schedule: beyond, only later slots can be enumerated. */
const MOST_HISTORY = 100

export const trimHistory: SqlFunction = {
  name: 'trim_history',
  sql: /* sql */ `
create or replace function trim_history(p_schedule_id bigint) returns void language plpgsql as $$
declare
  v_history json;
  v_horizon bigint;
  v_new_horizon bigint;
  v_length int;
begin
  select s.history, s.horizon into v_history, v_horizon from schedules s where s.id = p_schedule_id;
  v_length := json_array_length(v_history);
  if v_length is null or v_length = 0 then
    return;
  end if;
  v_new_horizon := v_horizon;
  if v_length > ${MOST_HISTORY} then
    v_new_horizon := greatest(v_horizon, (v_history->(v_length - ${MOST_HISTORY + 1})->>'until')::bigint);
  end if;
  if v_new_horizon is null or (v_history->0->>'until')::bigint > v_new_horizon then
    return;
  end if;
  select coalesce(json_agg(e.spec order by e.place), '[]') into v_history
  from json_array_elements(v_history) with ordinality e(spec, place)
  where (e.spec->>'until')::bigint > v_new_horizon
    or (e.spec->>'generation')::int in (
      select k.spec_generation from skips k where k.schedule_id = p_schedule_id and k.count is null
    );
  -- Nothing is written where nothing changed: what an uncounted range keeps would be written with every call.
  if json_array_length(v_history) < v_length or v_new_horizon is distinct from v_horizon then
    update schedules s set history = v_history, horizon = v_new_horizon where s.id = p_schedule_id;
  end if;
end
$$`,
}
