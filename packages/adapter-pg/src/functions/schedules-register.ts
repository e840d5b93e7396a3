/**
 * `schedules_register({ registrations, now? })` → `{ replies, storeNow, hint? }`: writes definitions with their static
 * schedules, each job whole or not at all: refused as stale when the generation, or a cursor, is not the expected one.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

export const schedulesRegister: SqlFunction = {
  name: 'schedules_register',
  sql: /* sql */ `
create or replace function schedules_register(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_now bigint;
  v_one json;
  v_name text;
  v_generation int;
  v_former int;
  v_home int;
  v_jobs int[];
  v_early int[];
  v_has_changed boolean;
  v_has_news boolean := false;
  v_replies json[] := '{}';
begin
  perform lock_definitions();
  -- What was waited for came before: a firing, as of its instant.
  v_now := coalesce((p->>'now')::bigint, store_now());
  -- Pruning needs no definitions, only rows: of schedules, of history, then of jobs. They are locked in this order here too,
  -- all at first. A renamed job takes in all that came under its new name before.
  select array_agg(distinct j.id),
    array_agg(distinct j.id) filter (where j.name = r.job and j.generation = 0 and r."renamedFrom" is not null)
  into v_jobs, v_early
  from json_to_recordset(p->'registrations') as r(job text, "renamedFrom" text)
  join jobs j on j.name = r.job or j.name = r."renamedFrom";
  perform 1 from schedules s
  where s.id = any (array(
    select o.id from schedules o where o.job_id = any (v_jobs) and o.name like '#%'
    union all
    select o.id from schedules o where o.job_id = any (v_early)
  ))
  order by s.id for update;
  if v_early is not null then
    perform 1 from history h
    where h.id = any (array(select e.id from history e where e.job_id = any (v_early)))
    order by h.id for update;
  end if;
  perform 1 from jobs j where j.id = any (v_jobs) order by j.id for update;
  for v_one in select a.one from json_array_elements(p->'registrations') with ordinality as a(one, place) order by a.place loop
    v_name := v_one->>'job';
    v_generation := 0;
    v_former := null;
    select j.id, j.generation into v_home, v_generation from jobs j where j.name = v_name;
    v_generation := coalesce(v_generation, 0);
    if v_generation = 0 then
      select j.id into v_former from jobs j where j.name = v_one->>'renamedFrom' and j.generation > 0;
      v_home := coalesce(v_former, v_home);
    end if;
    if v_generation <> (v_one->>'expectedGeneration')::int or exists (
      select 1 from json_to_recordset(v_one->'schedules') as w(name text, spec text, payload text, "asOf" bigint)
      where (
        select s.cursor > w."asOf" and (s.spec <> w.spec or s.payload is distinct from w.payload or s.quarantined is not null)
        from schedules s where s.job_id = v_home and s.name = w.name
      )
    ) then
      v_replies := v_replies || json_build_object('status', 'stale', 'generation', v_generation);
      continue;
    end if;
    if v_former is not null then
      perform rename_job(v_former, v_name, v_now);
    elsif v_home is null then
      insert into jobs (name) values (v_name) returning jobs.id into v_home;
    end if;
    if v_generation = 0 and v_former is null and json_typeof(v_one->'suspended') = 'object' then
      update jobs j set suspended_at = (v_one->'suspended'->>'at')::bigint, suspended_reason = v_one->'suspended'->>'reason'
      where j.id = v_home and j.suspended_at is null;
    end if;
    v_has_changed := define_job(v_home, v_one);
    v_has_changed := write_statics(v_home, v_one->'schedules', v_now) or v_has_changed;
    if v_has_changed then
      update jobs j set generation = j.generation + 1 where j.id = v_home;
    end if;
    v_has_news := v_has_news or v_has_changed or v_former is not null;
    select v_replies || json_build_object('status', 'registered', 'generation', j.generation) into v_replies
    from jobs j where j.id = v_home;
  end loop;
  return json_build_object(
    'replies', to_json(v_replies), 'storeNow', v_now, 'hint', case when v_has_news then '[{"kind":"work"}]'::json end
  );
end
$$`,
}
