/**
 * `claim_line(job, its name, highest priority, lowest priority, whether its first is like most, now, limit, owner, fence, start)`: the due runs at the head
 * of a job's line, in claim order (priority,
 * then run_at, then age): those that need no gates are given to the owner at once, by the statement that finds them; of the
 * others the ids are returned, their rows locked. Rows that others have locked are passed by, and so are suspects.
 *
 * Walks the priorities that occur, from the highest to the lowest, with one index probe each, so that runs that are
 * due later stand in nobody's way.
 *
 * Where the first is like most (see `claimed-columns.ts`), all are taken for that: a row of which fifteen columns are handed on
 * and kept costs two microseconds more than one of seven. If they are not, they are read once more.
 *
 * Results: the granted in lots (see `claimed-columns.ts`) and how many they are, the ids of the others. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy, lookedUp } from './by-index.ts'
import { claimedAlike, claimedColumns, fewReturnedOf, givenTo, returnedOf } from './claimed-columns.ts'

/** The head of one priority, its rows locked. */
const PLACED = /* sql */ `due as materialized (
        select r.ctid as at, r.id, r.gates <> '{}' as is_gated
        from runs r
        where r.owner = '' and r.job_id = p_job and r.state <> 'waiting' and r.priority = v_priority and r.run_at <= p_now and not r.suspect
        order by r.run_at, r.sequence
        limit p_limit - o_got - cardinality(o_gated)
        for update skip locked
      ), placed as (
        select d.at, d.id, d.is_gated, row_number() over () + o_got as place from due d
      )`

const GIVEN = /* sql */ `${givenTo({ owner: 'p_owner', fence: 'p_fence', now: 'p_now', start: 'p_start', place: 'd.place' })}
        from placed d
        where r.ctid = d.at and r.id = d.id and not d.is_gated`

const GATED = /* sql */ `(select array_agg(d.id order by d.place) from placed d where d.is_gated)`

export const claimLine: SqlFunction = {
  name: 'claim_line',
  sql: /* sql */ `
create or replace function claim_line(
  p_job int, p_name text, p_highest int, p_lowest int, p_is_like_most boolean, p_now bigint, p_limit int, p_owner text, p_fence bigint, p_start int,
  out o_lots json[], out o_got int, out o_gated text[]
) language plpgsql as $$
declare
  v_priority int := p_highest;
  v_lot json;
  v_got int;
  v_gated text[];
  v_are_alike boolean;
begin
  o_lots := '{}';
  o_got := 0;
  o_gated := '{}';
  loop
    if p_is_like_most then
      with ${PLACED}, taken as (
        ${GIVEN}
        returning ${fewReturnedOf('d.place')}
      )
      select ${claimedAlike('p_name', 'p_now')}, count(*)::int, bool_and(t.is_like_most), ${GATED}
      into v_lot, v_got, v_are_alike, v_gated
      from (select * from taken order by place) t;
      if not v_are_alike then
        with taken as (
          select ${returnedOf('p_name', 'u.place')}
          from json_array_elements_text(v_lot->'ids') with ordinality u(id, place) join runs r on ${lookedUp('r.id', 'u.id collate "C"')}
          where ${fewBy('u.place')}
        )
        select ${claimedColumns('taken', 'p_now')} into v_lot;
        p_is_like_most := false;
      end if;
    else
      with ${PLACED}, taken as (
        ${GIVEN}
        returning ${returnedOf('p_name', 'd.place')}
      )
      select ${claimedColumns('taken', 'p_now')}, (select count(*)::int from taken), ${GATED}
      into v_lot, v_got, v_gated;
    end if;
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
