/**
 * `schedules_load({ jobs })` → `{ storeNow, jobs, schedules }`: the records of known jobs, with what live owners declare,
 * and their static schedules.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

// Each job is looked up by itself: limit and offset keep subqueries from becoming joins of whole tables.
export const schedulesLoad: SqlFunction = {
  name: 'schedules_load',
  sql: /* sql */ `
create or replace function schedules_load(p json) returns json language plpgsql stable ${BY_INDEX} as $$
declare
  v_now bigint := store_now();
  v_jobs json;
  v_schedules json;
begin
  with declared as (
    select d.job_id, json_agg(distinct d.hash) as hashes
    from (
      select u.job_id, u.hash from owners o cross join lateral unnest(o.job_ids, o.hashes) as u(job_id, hash)
      where o.ended_at is null and o.expires_at > v_now
    ) d
    group by d.job_id
  )
  select json_agg(json_build_object(
    'job', j.name,
    'generation', j.generation,
    'hash', j.hash,
    'superseded', to_json(j.superseded),
    'declared', coalesce(d.hashes, '[]'),
    'concurrency', j.concurrency,
    'rateLimit', case when j.rate_max is not null then json_build_object('max', j.rate_max, 'perMs', j.rate_per_ms) end,
    'suspended', case when j.suspended_at is not null then json_build_object('at', j.suspended_at, 'reason', j.suspended_reason) end,
    'suspendedStretches', j.suspended_stretches
  ) order by a.place) into v_jobs
  from json_array_elements_text(p->'jobs') with ordinality as a(name, place)
  cross join lateral (select o.* from jobs o where o.name = a.name and o.generation > 0 limit 1) j
  left join declared d on d.job_id = j.id;
  select json_agg(s.record order by a.place, s.id) into v_schedules
  from json_array_elements_text(p->'jobs') with ordinality as a(name, place)
  cross join lateral (select o.* from jobs o where o.name = a.name and o.generation > 0 limit 1) j
  cross join lateral (
    select o.id, schedule_json(o, j.name) as record from schedules o where o.job_id = j.id and o.name like '#%' offset 0
  ) s;
  return json_build_object('storeNow', v_now, 'jobs', coalesce(v_jobs, '[]'), 'schedules', coalesce(v_schedules, '[]'));
end
$$`,
}
