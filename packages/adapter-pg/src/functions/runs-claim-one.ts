/**
 * `runs_claim_one(owner, lease ms, limit, start, seen fence, now)`: what a worker that sleeps is woken for, most often: a single
 * run stands in line, of all jobs of its process. No share has to be found then, and what the line holds next is known: nothing.
 * After a pause everything is cold, and what counts is how much is set up: each variable and expression is, whether it is needed or
 * not. So this is little, without JSON to read, and knows nothing else: where more than one stands there, it is not due,
 * it is a suspect, somebody else is at it, or chores, gates, rates, suspensions or limits have a say, `runs_claim` is asked from
 * here.
 *
 * Parameters: those of the claim request but `perJob`, as text; `now` may be left out. Result: what `runs_claim` answers.
 */
import { claimedAlone, givenTo, IS_LIKE_MOST, returnedOf } from './claimed-columns.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { renewedOwner } from './renewed-owner.ts'
import type { SqlFunction } from '../schema/sql-function.ts'

const RUN = /* sql */ `json_build_object('job', v_name, 'ids', json_build_array(v_id), 'payloads', json_build_array(v_payload),
        'runAts', json_build_array(v_run_at), 'createdAts', json_build_array(v_created_at), 'fences', json_build_array(v_fence),
        'began', (v_start > 0)::int, 'startedAt', v_now)`

export const runsClaimOne: SqlFunction = {
  name: 'runs_claim_one',
  sql: /* sql */ `
create or replace function runs_claim_one(
  p_owner text, p_lease_ms text, p_limit text, p_start text, p_seen_fence text, p_now text default null
) returns text language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint;
  v_left int := p_limit::int;
  v_start int := p_start::int;
  v_jobs int[];
  v_fence bigint;
  v_has_chores boolean;
  v_name text;
  v_id text;
  v_payload text;
  v_run_at bigint;
  v_created_at bigint;
  v_is_like_most boolean;
  v_lot json;
begin
  ${SHARE_DEFINITIONS}
  v_now := coalesce(p_now::bigint, store_now());
  ${renewedOwner({ owner: 'p_owner', leaseMs: 'p_lease_ms::bigint', now: 'p_now::bigint', seenFence: 'p_seen_fence::bigint' })}
  if not v_has_chores and v_left > 0 then
    with due as materialized (
      select r.ctid as at, r.id, (select j.name from jobs j where j.id = r.job_id) as name
      from runs r
      where r.ctid = (
          -- One probe per job, whatever stands in line of jobs that are not known here.
          select min(l.at) from (
            select h.at from unnest(v_jobs) j(id) cross join lateral (
              select x.ctid as at from runs x where x.owner = '' and x.job_id = j.id and x.state <> 'waiting' order by x.priority desc limit 2
            ) h limit 2
          ) l having count(*) = 1
        )
        and r.owner = '' and r.state <> 'waiting' and r.run_at <= v_now and not r.suspect and r.gates = '{}'
        and (select j.suspended_at is null and j.rate_max is null and j.concurrency is null from jobs j where j.id = r.job_id)
      for update of r skip locked
    )
    ${givenTo({ owner: 'p_owner', fence: 'v_fence', now: 'v_now', start: 'v_start', place: '1' })}
    from due d where r.ctid = d.at and r.id = d.id
    returning d.name, r.id, r.payload, r.run_at, r.created_at, r.fence, ${IS_LIKE_MOST}
    into v_name, v_id, v_payload, v_run_at, v_created_at, v_fence, v_is_like_most;
    if found then
      if v_is_like_most then
        v_lot := ${RUN};
      else
        select ${claimedAlone('v_now')} into v_lot
        from (select ${returnedOf('v_name', '1')} from runs r where r.id = v_id) x;
      end if;
      return json_build_object('status', 'ok', 'runs', json_build_array(v_lot), 'storeNow', v_now, 'nextRunAt', null);
    end if;
  end if;
  return runs_claim(json_build_object('owner', p_owner, 'leaseMs', p_lease_ms::bigint, 'limit', v_left, 'start', v_start,
    'seenFence', p_seen_fence::bigint, 'now', p_now::bigint));
end
$$`,
}
