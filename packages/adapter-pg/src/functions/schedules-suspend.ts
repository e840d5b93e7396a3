/**
 * `schedules_suspend({ targets, now? })` → `{ changed, hint? }`: suspends or resumes jobs and single schedules. A job's
 * suspension is a definition, read under the definitions lock; a single schedule's stands in its row.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

/** What a target becomes: suspended since it first was, or resumed with one more closed stretch. */
const CHANGE = /* sql */ `
        suspended_stretches = case when v_reason is null then add_stretch(t.suspended_stretches, t.suspended_at, v_now)
          else t.suspended_stretches end,
        suspended_at = case when v_reason is not null then coalesce(t.suspended_at, v_now) end,
        suspended_reason = v_reason`

/** Resuming changes what is suspended; suspending what is not, or for another reason. */
const CHANGES = /* sql */ `
        case when v_reason is null then t.suspended_at is not null else t.suspended_reason is distinct from v_reason end`

export const schedulesSuspend: SqlFunction = {
  name: 'schedules_suspend',
  sql: /* sql */ `
create or replace function schedules_suspend(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_now bigint;
  v_target record;
  v_reason text;
  v_changed boolean[] := '{}';
  v_resumed boolean := false;
begin
  if exists (select 1 from json_to_recordset(p->'targets') as a(name text) where a.name is null) then
    perform lock_definitions();
  else
    perform lock_definitions_shared();
  end if;
  perform 1 from schedules s
  where s.id = any (array(
    select o.id from json_to_recordset(p->'targets') as a(job text, name text)
    cross join lateral (
      select s.id from schedules s where s.job_id = (select j.id from jobs j where j.name = a.job) and s.name = a.name limit 1
    ) o
  ))
  order by s.id for update;
  perform 1 from jobs j
  where j.name in (select a.job from json_to_recordset(p->'targets') as a(job text, name text) where a.name is null)
  order by j.id for update;
  -- What was waited for came before: a firing, as of its instant.
  v_now := coalesce((p->>'now')::bigint, store_now());
  for v_target in
    select a.name, a.reason, (select j.id from jobs j where j.name = a.job) as job_id
    from rows from (json_to_recordset(p->'targets') as (job text, name text, reason text)) with ordinality as a(job, name, reason, place)
    order by a.place
  loop
    v_reason := v_target.reason;
    if v_target.name is null then
      update jobs t set${CHANGE}
      where t.id = v_target.job_id and (t.generation > 0 or exists (select 1 from schedules s where s.job_id = t.id)) and${CHANGES};
    else
      update schedules t set${CHANGE}
      where t.job_id = v_target.job_id and t.name = v_target.name and${CHANGES};
    end if;
    v_changed := v_changed || found;
    v_resumed := v_resumed or (found and v_reason is null);
  end loop;
  return json_build_object('changed', to_json(v_changed), 'hint', case when v_resumed then '[{"kind":"work"}]'::json end);
end
$$`,
}
