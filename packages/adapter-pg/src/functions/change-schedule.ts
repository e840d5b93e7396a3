/**
 * `change_schedule(schedule id, write, now)`: writes new content over a schedule, whole; the caller has locked its row.
 * Answers as the contract's `ScheduleWriteReply` says: `changed`, `unchanged` or `stale`, and the cursor as it stands.
 * What the old spec still owed becomes one range; the new one begins after `asOf`, and nothing fires in retrospect.
 * Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

export const changeSchedule: SqlFunction = {
  name: 'change_schedule',
  sql: /* sql */ `
create or replace function change_schedule(p_schedule_id bigint, p_write json, p_now bigint, out v_status text, out v_cursor bigint)
language plpgsql as $$
declare
  v_spec text := p_write->>'spec';
  v_payload text := p_write->>'payload';
  v_as_of bigint := (p_write->>'asOf')::bigint;
  v_old schedules;
begin
  select s.* into v_old from schedules s where s.id = p_schedule_id;
  v_cursor := v_old.cursor;
  -- What one version cannot read, another writes again just as it is.
  if v_old.quarantined is null and v_old.spec = v_spec and v_old.payload is not distinct from v_payload then
    v_status := 'unchanged';
    return;
  end if;
  if v_old.cursor > v_as_of then
    v_status := 'stale';
    return;
  end if;
  if v_old.next_slot <= v_as_of then
    perform record_skips(
      v_old.id,
      json_build_array(json_build_object('reason', 'superseded', 'from', v_old.next_slot, 'to', v_as_of, 'count', null)),
      p_now
    );
  end if;
  update schedules s set
    generation = s.generation + 1,
    spec = v_spec,
    payload = v_payload,
    cursor = v_as_of,
    next_slot = (p_write->>'nextSlot')::bigint,
    next_due_at = (p_write->>'nextDueAt')::bigint,
    suspended_stretches = stretches_after(s.suspended_stretches, v_as_of),
    history = array_to_json(
      array(select e.spec from json_array_elements(s.history) with ordinality e(spec, place) order by e.place)
      || json_build_object('generation', s.generation, 'spec', s.spec, 'until', v_as_of, 'cursor', s.cursor, 'nextSlot', s.next_slot)
    ),
    quarantined = null
  where s.id = p_schedule_id;
  perform trim_history(p_schedule_id);
  v_status := 'changed';
  v_cursor := v_as_of;
end
$$`,
}
