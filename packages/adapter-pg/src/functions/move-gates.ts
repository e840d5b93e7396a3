/**
 * `move_gates(job id, former name)`: what runs of a job hold and wait at moves from the gates of its former name to those of
 * its present one. The caller has locked the job's runs. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** Of attempts that were settled while their handlers go on: those of the job, and those whose runs were pruned. */
const IS_OF_JOB = /* sql */ `(
      not exists (select 1 from runs r where r.id = h.run_id and r.job_id <> p_job_id)
      and not exists (select 1 from history e where e.id = h.run_id and e.job_id <> p_job_id)
    )`

export const moveGates: SqlFunction = {
  name: 'move_gates',
  sql: /* sql */ `
create or replace function move_gates(p_job_id int, p_former text) returns void language plpgsql as $$
declare
  v_name text;
  v_concurrency int;
  v_old text[];
  v_new text[];
  v_holds int[];
  v_waits int[];
begin
  select j.name, j.concurrency into v_name, v_concurrency from jobs j where j.id = p_job_id;
  -- Somebody may have used the gate of the new name before it had a limit.
  update gates g set "limit" = v_concurrency where g.name = 'job:' || v_name;
  -- One entry per gate that changes its name: how many hold it, how many wait at it.
  select array_agg(m.name), array_agg(m.new_name), array_agg(m.holds), array_agg(m.waits) into v_old, v_new, v_holds, v_waits
  from (
    select u.name, (renamed_gates(array[u.name], p_former, v_name))[1] as new_name, sum(u.holds)::int as holds, sum(u.waits)::int as waits
    from (
      select g.name, (r.state = 'running')::int as holds, (r.waits_at is not distinct from g.name)::int as waits
      from runs r cross join lateral unnest(r.gates) as g(name)
      where r.job_id = p_job_id
      union all
      select g.name, 1, 0
      from held_gates h cross join lateral unnest(h.gates) as g(name)
      where ${IS_OF_JOB}
    ) u
    group by u.name
  ) m
  where m.new_name <> m.name;
  if v_old is null then
    return;
  end if;
  perform ensure_gates(v_new);
  perform 1 from gates g where g.name = any (v_old || v_new) order by g.name for update;
  update gates g set
    held = g.held + m.holds, waiting = g.waiting + m.waits, fence = greatest(g.fence, o.fence), used_at = greatest(g.used_at, o.used_at)
  from unnest(v_old, v_new, v_holds, v_waits) as m(name, new_name, holds, waits)
  join gates o on o.name = m.name
  where g.name = m.new_name;
  update gates g set held = greatest(0, g.held - m.holds), waiting = greatest(0, g.waiting - m.waits)
  from unnest(v_old, v_holds, v_waits) as m(name, holds, waits)
  where g.name = m.name;
  update runs r set
    gates = renamed_gates(r.gates, p_former, v_name),
    waits_at = (renamed_gates(array[r.waits_at], p_former, v_name))[1]
  where r.job_id = p_job_id and r.gates && v_old;
  update held_gates h set gates = renamed_gates(h.gates, p_former, v_name) where h.gates && v_old and ${IS_OF_JOB};
  perform hand_on(v_new);
end
$$`,
}
