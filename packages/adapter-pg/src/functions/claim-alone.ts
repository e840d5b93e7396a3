/**
 * What a worker that sleeps is woken for, most often: a single run stands in line, of all jobs of its process. No share has to be
 * found then, and what the line holds next is known: nothing. After a pause everything is cold, and what counts is how much a
 * statement sets up before it begins: each expression of it is, whether it is needed or not.
 *
 * A part of `runs_claim`, which goes on where it does not apply: more than one stands there, it is not due, it is a suspect,
 * somebody else is at it, or gates, rates, suspensions or limits of the process have a say.
 */
import { claimedAlone, givenTo, IS_LIKE_MOST, returnedOf } from './claimed-columns.ts'

const RUN = /* sql */ `json_build_object('job', v_name, 'ids', json_build_array(v_id), 'payloads', json_build_array(v_payload),
        'runAts', json_build_array(v_run_at), 'createdAts', json_build_array(v_created_at), 'fences', json_build_array(v_fence),
        'began', (v_start > 0)::int, 'startedAt', v_now)`

export const CLAIM_ALONE: string = /* sql */ `
  if not v_has_chores and v_per_job is null and v_left > 0 then
    with line as materialized (
      select r.ctid as at, r.job_id from runs r
      where r.owner = '' and r.job_id = any (v_jobs) and r.state <> 'waiting' limit 2
    ), due as materialized (
      select r.ctid as at, r.id, j.name
      from (select min(l.at) as at, min(l.job_id) as job_id from line l having count(*) = 1) o
      join jobs j on j.id = o.job_id
      join runs r on r.ctid = o.at
      where j.suspended_at is null and j.rate_max is null and j.concurrency is null
        and r.owner = '' and r.job_id = j.id and r.state <> 'waiting' and r.run_at <= v_now and not r.suspect and r.gates = '{}'
      for update of r skip locked
    )
    ${givenTo({ owner: 'v_owner', fence: 'v_fence', now: 'v_now', start: 'v_start', place: '1' })}
    from due d where r.ctid = d.at and r.id = d.id
    returning d.name, r.id, r.payload, r.run_at, r.created_at, r.fence, ${IS_LIKE_MOST}
    into v_name, v_id, v_payload, v_run_at, v_created_at, v_run_fence, v_is_like_most;
    if found then
      v_fence := v_run_fence;
      if v_is_like_most then
        v_lot := ${RUN};
      else
        select ${claimedAlone('v_now')} into v_lot
        from (select ${returnedOf('v_name', '1')} from runs r where r.id = v_id) x;
      end if;
      return json_build_object('status', 'ok', 'runs', json_build_array(v_lot), 'storeNow', v_now, 'nextRunAt', null);
    end if;
  end if;`
