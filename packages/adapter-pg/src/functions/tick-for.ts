/**
 * `tick_for(owner, job ids, now)`: the news that goes with replies: the store's clock, and when the owner, who knows these
 * jobs, may next find something to fire, to claim, or to take over. As the contract's `Tick`. One statement, where nothing
 * stands in line: it goes with every reply. Internal.
 *
 * To claim: the earliest instant at which a run is due, of a job that is neither suspended nor saturated, once its rate
 * limit lets it; a suspect only if the owner holds none. One index probe per job and priority, and none beyond the first
 * run that is due. At once while a log of triggers waits to be taken in, which claiming does: hints may be lost.
 *
 * To take over: the earliest lease end of another owner that holds runs or gates, or of a mutex that runs wait for.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** The head of one priority in a job's line: the runs of lower priority come next. */
const head = (job: string, below: string): string => /* sql */ `(
          select r.priority, r.run_at from runs r
          where r.owner = '' and r.job_id = ${job} and r.state <> 'waiting'${below} and not (r.suspect and (
            select exists (select 1 from runs x where x.suspect and x.job_id = any (p_job_ids) and x.owner = p_owner)
          ))
          order by r.priority desc, r.run_at limit 1
        )`

export const tickFor: SqlFunction = {
  name: 'tick_for',
  sql: /* sql */ `
create or replace function tick_for(p_owner text, p_job_ids int[], p_now bigint) returns json language plpgsql as $$
declare
  v_due_at bigint;
  v_run_at bigint;
  v_expires_at bigint;
  v_is_logged boolean;
  v_is_leased boolean;
  v_has_line boolean;
begin
  select
    (
      select min(d.next_due_at)
      from jobs j
      cross join lateral (
        select s.next_due_at from schedules s
        where s.job_id = j.id and s.next_due_at is not null and s.suspended_at is null and s.quarantined is null
        order by s.next_due_at limit 1
      ) d
      where j.id = any (p_job_ids) and j.suspended_at is null
    ),
    (
      select o.expires_at from owners o
      where o.ended_at is null and o.id <> p_owner and (
        -- The order makes the planner take the index, whatever it thinks of owners: most runs have none.
        (select true from runs r where r.owner = o.id and r.state <> 'waiting' order by r.job_id, r.priority desc, r.run_at limit 1)
        or exists (select 1 from held_gates h where h.owner = o.id)
      )
      order by o.expires_at limit 1
    ),
    exists (select 1 from trigger_log),
    exists (select 1 from leases l where l.holder <> ''),
    exists (
      select 1 from unnest(p_job_ids) j(id)
      cross join lateral (
        select 1 from runs r where r.owner = '' and r.job_id = j.id and r.state <> 'waiting' order by r.priority desc limit 1
      ) h
    )
  into v_due_at, v_expires_at, v_is_logged, v_is_leased, v_has_line;
  -- Apart: to get the statement ready takes longer than what most calls have to do.
  if v_has_line then
    with recursive open_jobs as (
      select j.id, case
        when j.rate_used >= j.rate_max and p_now >= j.rate_opened_at and p_now < j.rate_opened_at + j.rate_per_ms
        then j.rate_opened_at + j.rate_per_ms else 0 end as opens_at
      from jobs j
      left join gates g on j.concurrency is not null and g.name = 'job:' || j.name
      where j.id = any (p_job_ids) and j.suspended_at is null and (g.name is null or g.held < j.concurrency)
    ), heads as (
      select j.id, j.opens_at, h.priority, h.run_at
      from open_jobs j cross join lateral ${head('j.id', '')} h
      union all
      select k.id, k.opens_at, h.priority, h.run_at
      from heads k cross join lateral ${head('k.id', ' and r.priority < k.priority')} h
      where k.run_at > p_now
    )
    select min(greatest(h.run_at, h.opens_at)) into v_run_at from heads h;
  end if;
  return json_build_object('storeNow', p_now, 'nextDueAt', v_due_at, 'nextRunAt', case when v_is_logged then p_now else v_run_at end,
    'nextExpiryAt', case when v_is_leased then least(v_expires_at, next_lease_end()) else v_expires_at end);
end
$$`,
}
