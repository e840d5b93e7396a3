/**
 * `fire_beside_others(schedules, ids, …, now)`: the runs of firings whose overlap policy looks at all runs of their
 * (job, key): `queue` skips a slot when enough stand behind the running one, `replace` cancels what stands and asks what
 * runs to end. One by one, under locks on their keys; what is replaced ends together, so that rows and gates are locked in
 * one order. Runs come in columns; those without a schedule, and those of another policy, are not meant. Results: the ids of
 * the runs that were made and stay, and whether the caller holds gates now. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { aliveRuns } from './alive-runs.ts'

const REPLACED = "'replaced by a later slot'"

export const fireBesideOthers: SqlFunction = {
  name: 'fire_beside_others',
  sql: /* sql */ `
create or replace function fire_beside_others(
  p_schedules bigint[], p_ids text[], p_slots bigint[], p_run_ats bigint[], p_priorities int[], p_overlaps text[], p_queue_limits int[],
  p_gates json, p_now bigint, out o_created text[], out o_holds_gates boolean
) language plpgsql as $$
declare
  v_one record;
  v_is_limited boolean;
  v_created text[] := '{}';
  v_replaced text[] := '{}';
begin
  perform lock_keys(array(
    select j.name || '/k/' || s.key
    from unnest(p_schedules, p_overlaps) u(id, overlap) join schedules s on s.id = u.id join jobs j on j.id = s.job_id
    where u.overlap in ('queue', 'replace')));
  perform 1 from runs r
  where r.id = any (array(
    select a.id
    from (
      select distinct s.job_id, s.key
      from unnest(p_schedules, p_overlaps) u(id, overlap) join schedules s on s.id = u.id
      where u.overlap = 'replace'
    ) k
    cross join lateral ${aliveRuns('k.job_id', 'k.key', 'true')} a))
  order by r.id for update;

  for v_one in
    select s.id as schedule_id, s.job_id, s.key, s.name, s.payload, u.id, u.slot, u.run_at, u.priority, u.overlap, u.queue_limit, u.gates
    from rows from (
      unnest(p_schedules, p_ids, p_slots, p_run_ats, p_priorities, p_overlaps, p_queue_limits), json_array_elements(p_gates)
    ) with ordinality as u(schedule, id, slot, run_at, priority, overlap, queue_limit, gates, place)
    join schedules s on s.id = u.schedule
    where u.overlap in ('queue', 'replace')
    order by u.place
  loop
    continue when exists (select 1 from runs r where r.id = v_one.id) or exists (select 1 from history h where h.id = v_one.id);
    v_is_limited := false;
    if v_one.overlap = 'queue' then
      select coalesce(bool_or(not r.debounced or r.fence > 0), false)
        and count(*) filter (where r.trigger = 'schedule' and r.state <> 'running') >= v_one.queue_limit
      into v_is_limited
      from ${aliveRuns('v_one.job_id', 'v_one.key', 'not r.id = any (v_replaced)')} r;
    else
      v_replaced := v_replaced || array(
        select a.id from ${aliveRuns('v_one.job_id', 'v_one.key', "r.trigger = 'schedule' and r.state <> 'running'")} a);
      update runs r set cancel_requested = ${REPLACED}
      where r.id = any (array(select a.id from ${aliveRuns('v_one.job_id', 'v_one.key', "r.state = 'running' and r.cancel_requested is null")} a));
    end if;
    insert into runs (id, job_id, key, trigger, schedule_id, schedule, slot, payload, priority, run_at, created_at, overlap, gates)
    values (v_one.id, v_one.job_id, v_one.key, 'schedule', v_one.schedule_id, v_one.name, v_one.slot, v_one.payload,
      v_one.priority, v_one.run_at, p_now, v_one.overlap,
      array(select g from json_array_elements_text(v_one.gates) g order by g collate "C"));
    if v_is_limited then
      perform end_runs(array[v_one.id], array['skipped'], array['limit'], p_now);
    else
      v_created := v_created || v_one.id;
    end if;
    update schedules s set slots = s.slots + 1, last_run_id = case when v_is_limited then s.last_run_id else v_one.id end
    where s.id = v_one.schedule_id;
  end loop;
  perform end_standing(v_replaced, 'cancelled', ${REPLACED}, p_now);
  o_created := array(select u.id from unnest(v_created) u(id) where not u.id = any (v_replaced));
  o_holds_gates := cardinality(v_replaced) > 0;
end
$$`,
}
