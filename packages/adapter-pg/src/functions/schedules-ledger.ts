/**
 * `schedules_ledger({ job, name, after, limit })` → `{ schedule, runs, skips, folded, more }`: what became of each slot.
 * Runs by slot and ranges by their first slot are merged before the limit cuts them, so that the next page can go on
 * after the last slot of this one.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { aliveRuns } from './alive-runs.ts'
import { PLANNED_ONCE } from './planned-once.ts'

const IS_AFTER = "r.schedule_id = v_schedule.id and r.trigger = 'schedule' and r.slot > v_after"

export const schedulesLedger: SqlFunction = {
  name: 'schedules_ledger',
  sql: /* sql */ `
create or replace function schedules_ledger(p json) returns json language plpgsql stable ${PLANNED_ONCE} as $$
declare
  v_after bigint := coalesce((p->>'after')::bigint, -9223372036854775808);
  v_limit int := (p->>'limit')::int;
  v_schedule schedules;
  v_from bigint;
  v_records int;
  v_runs json;
  v_skips json;
begin
  select s.* into v_schedule
  from schedules s
  where s.job_id = (select j.id from jobs j where j.name = p->>'job') and s.name = p->>'name';
  if not found then
    return json_build_object('schedule', null, 'runs', '[]'::json, 'skips', '[]'::json, 'folded', '{}'::json, 'more', false);
  end if;
  -- Ranges of a schedule do not overlap: of those that begin at or before the instant, only the last may reach past it.
  select coalesce(max(k.from_slot), v_after) into v_from
  from skips k where k.schedule_id = v_schedule.id and k.from_slot <= v_after;
  with ended as (
    select h.id, h.slot, h.state, h.reason from history h
    where h.schedule_id = v_schedule.id and h.trigger = 'schedule' and h.slot > v_after
    order by h.slot limit v_limit + 1
  ), alive as (
    select r.id, r.slot, r.state
    from ${aliveRuns('v_schedule.job_id', 'v_schedule.key', IS_AFTER)} r
    order by r.slot limit v_limit + 1
  ), ranges as (
    select k.* from skips k
    where k.schedule_id = v_schedule.id and k.from_slot >= v_from and k.to_slot > v_after
    order by k.from_slot limit v_limit + 1
  ), page as (
    select m.*, row_number() over (order by m.slot, m.is_run, m.skip_id) as place
    from (
      select e.slot, 1 as is_run, null::bigint as skip_id,
        json_build_object('id', e.id, 'slot', e.slot, 'state', e.state, 'reason', e.reason) as record
      from ended e
      union all
      select a.slot, 1, null, json_build_object('id', a.id, 'slot', a.slot, 'state', a.state, 'reason', null)
      from alive a
      union all
      select k.from_slot, 0, k.id, json_build_object(
        'id', k.id::text, 'reason', k.reason, 'from', k.from_slot, 'to', k.to_slot, 'count', k.count, 'specGeneration', k.spec_generation
      )
      from ranges k
    ) m
    order by m.slot, m.is_run, m.skip_id limit v_limit + 1
  )
  select count(*),
    json_agg(g.record order by g.place) filter (where g.is_run = 1 and g.place <= v_limit),
    json_agg(g.record order by g.place) filter (where g.is_run = 0 and g.place <= v_limit)
  into v_records, v_runs, v_skips
  from page g;
  return json_build_object(
    'schedule', schedule_json(v_schedule, p->>'job'),
    'runs', coalesce(v_runs, '[]'),
    'skips', coalesce(v_skips, '[]'),
    'folded', v_schedule.folded,
    'more', v_records > v_limit
  );
end
$$`,
}
