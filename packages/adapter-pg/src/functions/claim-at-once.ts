/**
 * `claim_at_once(ids, claim, jobs, now, fence, may wait)`: claims runs that were just made, in their order, where nobody stands before
 * them: due, of jobs that the owner knows, that are not suspended, whose rate limit has room, and with nothing else due
 * in their job. What is not claimed stays pending; a claim of its own decides about it. Returns { count, lots }, or null for
 * none. Internal.
 *
 * `open_claim(claim, now, fence)`: renews the lease of the owner of a claim that rides on another call; its jobs, or null when it
 * may claim nothing.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'

export const openClaim: SqlFunction = {
  name: 'open_claim',
  sql: /* sql */ `
create or replace function open_claim(p_claim json, p_now bigint, p_fence bigint) returns int[] language plpgsql as $$
declare
  v_jobs int[];
begin
  if p_claim is null then
    return null;
  end if;
  update owners o set expires_at = p_now + (p_claim->>'leaseMs')::bigint, fence = p_fence + (p_claim->>'limit')::int
  where o.id = (p_claim->>'owner') collate "C" and o.ended_at is null and o.expires_at > p_now
  returning o.job_ids into v_jobs;
  return v_jobs;
end
$$`,
}

/** The jobs that have due runs must be asked before the new runs are written: see `jobs_without_due`. */
export const jobsWithoutDue: SqlFunction = {
  name: 'jobs_without_due',
  sql: /* sql */ `
create or replace function jobs_without_due(p_jobs int[], p_names text[], p_now bigint) returns int[] language plpgsql volatile as $$
begin
  return (
    select array_agg(j.id) from jobs j
    where j.name = any (p_names) and j.id = any (p_jobs) and j.suspended_at is null and not has_due(j.id, p_now));
end
$$`,
}

export const claimAtOnce: SqlFunction = {
  name: 'claim_at_once',
  sql: /* sql */ `
create or replace function claim_at_once(p_ids text[], p_claim json, p_jobs int[], p_now bigint, p_fence bigint, p_may_wait boolean)
returns json language plpgsql as $$
declare
  v_ids text[];
  v_taken record;
begin
  if p_jobs is null or cardinality(p_ids) = 0 or (p_claim->>'limit')::int <= 0 then
    return null;
  end if;
  v_ids := array(
    select c.id
    from (
      select u.id, u.place, r.job_id, r.priority, r.run_at,
        row_number() over (partition by r.job_id order by r.priority desc, r.run_at, u.place) as nth
      from unnest(p_ids) with ordinality u(id, place) join runs r on r.id = u.id collate "C"
      where ${fewBy('u.place')} and r.job_id = any (p_jobs) and r.run_at <= p_now
    ) c
    left join (
      select j.id, rate_room(j.id, p_now) as room from jobs j where j.id = any (p_jobs) and j.rate_max is not null
    ) l on l.id = c.job_id
    where c.nth <= coalesce(l.room, c.nth)
    order by c.priority desc, c.run_at, c.place
    limit (p_claim->>'limit')::int);
  if cardinality(v_ids) = 0 then
    return null;
  end if;
  v_taken := take_runs(v_ids, p_claim->>'owner', p_now, p_fence, (p_claim->>'start')::int, true, p_may_wait);
  perform spend_rate(n.job_id, n.claims, p_now)
  from (
    select r.job_id, count(*)::int as claims
    from runs r join jobs j on j.id = r.job_id
    where r.id = any (v_taken.o_granted) and j.rate_max is not null group by r.job_id order by r.job_id
  ) n;
  return json_build_object('count', cardinality(v_taken.o_granted), 'lots', array_to_json(v_taken.o_lots));
end
$$`,
}
