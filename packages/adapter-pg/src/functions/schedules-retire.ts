/**
 * `schedules_retire({ jobs, now? })` → `{ replies, hint? }`: ends jobs that left the code, with their schedules; what has
 * not begun is cancelled. History stays, and so does what still runs. Refused while a live owner declares the job.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { BY_INDEX } from './by-index.ts'

// Runs that do not run, as the indexes have them.
const PENDING = "runs r where r.owner = '' and r.state <> 'waiting'"
const WAITING = "runs r where r.state = 'waiting'"

export const schedulesRetire: SqlFunction = {
  name: 'schedules_retire',
  sql: /* sql */ `
create or replace function schedules_retire(p json) returns json language plpgsql ${BY_INDEX} as $$
declare
  v_now bigint;
  v_replies json;
  v_retired int[];
  v_standing text[];
  v_ended text[];
begin
  perform lock_definitions();
  -- What was waited for came before: a firing, as of its instant.
  v_now := coalesce((p->>'now')::bigint, store_now());
  select
    json_agg(case
      when q.job_id is null then 'unknown'
      when q.is_used then 'inUse'
      when q.nth > 1 then 'unknown'
      else 'retired'
    end order by q.place),
    array_agg(q.job_id order by q.job_id) filter (where q.nth = 1 and not q.is_used)
  into v_replies, v_retired
  from (
    select a.place, j.id as job_id, row_number() over (partition by j.id order by a.place) as nth, exists (
      select 1 from owners o where o.ended_at is null and o.expires_at > v_now and j.id = any (o.job_ids)
    ) as is_used
    from json_array_elements_text(p->'jobs') with ordinality as a(name, place)
    left join jobs j on j.name = a.name and (
      j.generation > 0
      or (select true from schedules s where s.job_id = j.id limit 1)
      or (select true from ${PENDING} and r.job_id = j.id limit 1)
      or (select true from ${WAITING} and r.job_id = j.id limit 1)
    )
  ) q;
  if v_retired is null then
    return json_build_object('replies', coalesce(v_replies, '[]'));
  end if;

  -- All rows of one kind before the next kind, each in its order: whoever needs no definitions may be at work beside this.
  perform 1 from schedules s
  where s.id = any (array(select o.id from schedules o where o.job_id = any (v_retired)))
  order by s.id for update;
  delete from skips k where k.job_id = any (v_retired);
  with gone as (delete from schedules s where s.job_id = any (v_retired) returning s.incarnation)
  insert into absorbed (request_id, outcome, run_id, at) select g.incarnation, 'removed', '', v_now from gone g on conflict do nothing;
  v_standing := array(
    select r.id from ${PENDING} and r.job_id = any (v_retired) union all select r.id from ${WAITING} and r.job_id = any (v_retired)
  );
  perform lock_runs(v_standing);
  perform 1 from gates g
  where g.name in (
    select n.name from runs r cross join lateral unnest(r.gates) as n(name) where r.id = any (v_standing)
    union select 'job:' || j.name from jobs j where j.id = any (v_retired)
  )
  order by g.name for update;
  v_ended := end_standing(v_standing, 'cancelled', 'the job was retired', v_now);
  perform 1 from jobs j where j.id = any (v_retired) order by j.id for update;
  perform set_limits(u.job_id, null, null, null) from unnest(v_retired) as u(job_id);
  update jobs j set
    generation = 0, hash = '', superseded = '{}', suspended_at = null, suspended_reason = null, suspended_stretches = '[]',
    failures_in_a_row = 0
  where j.id = any (v_retired);
  return json_build_object('replies', v_replies, 'hint', gather_hints(cardinality(v_ended) > 0, null, v_ended));
end
$$`,
}
