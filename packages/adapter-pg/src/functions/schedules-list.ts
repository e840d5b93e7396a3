/**
 * `schedules_list({ job?, after?, limit })` → `{ schedules }`: by job, then by name. Job after job, so that a page costs
 * what it holds, wherever it begins.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const schedulesList: SqlFunction = {
  name: 'schedules_list',
  sql: /* sql */ `
create or replace function schedules_list(p json) returns json language plpgsql stable ${BY_INDEX} as $$
declare
  v_after_job text := p->'after'->>'job';
  v_left int := (p->>'limit')::int;
  v_found json[] := '{}';
  v_more json[];
  v_from text;
  v_job record;
begin
  for v_job in
    select j.id, j.name from jobs j
    where j.name = coalesce(p->>'job', j.name) and j.name >= coalesce(v_after_job, '')
    order by j.name
  loop
    -- The least text above the last name, so that the index is entered right there.
    v_from := case when v_job.name = v_after_job then p->'after'->>'name' || chr(1) else '' end;
    select array_agg(n.record order by n.name) into v_more
    from (
      select schedule_json(s, v_job.name) as record, s.name from schedules s
      where s.job_id = v_job.id and s.name >= v_from
      order by s.name limit v_left
    ) n;
    v_found := v_found || v_more;
    v_left := v_left - coalesce(cardinality(v_more), 0);
    exit when v_left <= 0;
  end loop;
  return json_build_object('schedules', to_json(v_found));
end
$$`,
}
