/**
 * `claim_line(job, its name, highest priority, lowest priority, now, limit, owner, fence, start)`: the due runs at the head
 * of a job's line, in claim order (priority,
 * then run_at, then age): those that need no gates are given to the owner at once, by the statement that finds them; of the
 * others the ids are returned, their rows locked. Rows that others have locked are passed by, and so are suspects.
 *
 * Walks the priorities that occur, from the highest to the lowest, with one index probe each, so that runs that are
 * due later stand in nobody's way.
 *
 * Results: the granted in lots (see `claimed-columns.ts`) and how many they are, the ids of the others. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { claimedOfJob, givenTo, returnedOf } from './claimed-columns.ts'

export const claimLine: SqlFunction = {
  name: 'claim_line',
  sql: /* sql */ `
create or replace function claim_line(
  p_job int, p_name text, p_highest int, p_lowest int, p_now bigint, p_limit int, p_owner text, p_fence bigint, p_start int,
  out o_lots json[], out o_got int, out o_gated text[]
) language plpgsql as $$
declare
  v_priority int := p_highest;
  v_lot json;
  v_got int;
  v_gated text[];
begin
  o_lots := '{}';
  o_got := 0;
  o_gated := '{}';
  loop
    with due as materialized (
      select r.ctid as at, r.id, r.gates <> '{}' as is_gated
      from runs r
      where r.owner = '' and r.job_id = p_job and r.state <> 'waiting' and r.priority = v_priority and r.run_at <= p_now and not r.suspect
      order by r.run_at, r.sequence
      limit p_limit - o_got - cardinality(o_gated)
      for update skip locked
    ), placed as (
      select d.at, d.id, d.is_gated, row_number() over () + o_got as place from due d
    ), taken as (
      ${givenTo({ owner: 'p_owner', fence: 'p_fence', now: 'p_now', start: 'p_start', place: 'd.place' })}
      from placed d
      where r.ctid = d.at and r.id = d.id and not d.is_gated
      returning ${returnedOf('p_name', 'd.place')}
    )
    select ${claimedOfJob('taken', 'p_name', 'p_now')}, (select count(*)::int from taken), (select array_agg(d.id order by d.place) from placed d where d.is_gated)
    into v_lot, v_got, v_gated;
    if v_got > 0 then
      o_lots := o_lots || v_lot;
      o_got := o_got + v_got;
    end if;
    o_gated := o_gated || v_gated;
    exit when o_got + cardinality(o_gated) >= p_limit or v_priority <= p_lowest;
    select r.priority into v_priority from runs r
    where r.owner = '' and r.job_id = p_job and r.state <> 'waiting' and r.priority < v_priority
    order by r.priority desc limit 1;
    exit when not found;
  end loop;
end
$$`,
}
