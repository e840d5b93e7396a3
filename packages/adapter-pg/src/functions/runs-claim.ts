/**
 * `runs_claim(p)`: due runs of the owner's jobs, within gates, rate limits, suspensions and the owner's own limits; by
 * priority, then run_at; an equal share for each job that has any, then what others left, beginning with another job
 * each time. Takes over what expired owners left, and takes in what users' transactions logged, first.
 *
 * Parameters: the contract's claim request. Result: status, runs in lots (see `claimed-columns.ts`), the tick, hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { claimedAlone, givenTo, returnedOf, WILL_BE_LIKE_MOST } from './claimed-columns.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { renewedOwner } from './renewed-owner.ts'

export const runsClaim: SqlFunction = {
  name: 'runs_claim',
  sql: /* sql */ `
create or replace function runs_claim(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint;
  v_owner text;
  v_per_job json;
  v_has_chores boolean;
  v_left int;
  v_start int;
  v_counts jsonb := '{}';
  v_fence bigint;
  v_jobs int[];
  -- Jobs with anything in line, and what belongs to each: its name, whether it has a rate limit, the highest and the lowest
  -- priority in line, whether a single run stands there, which is due, whether the first is like most.
  v_ready int[];
  v_names text[];
  v_rated boolean[];
  v_priorities int[];
  v_lowest int[];
  v_alone boolean[];
  v_like_most boolean[];
  v_name text;
  v_job record;
  v_share int;
  v_want int;
  v_ids text[];
  v_line record;
  v_lot json;
  v_got int;
  v_is_done boolean;
  v_is_rated boolean := false;
  v_has_suspects boolean;
  v_suspect_id text;
  v_suspect_job int;
  v_goes_on boolean;
  v_may_wait boolean;
  v_taken record;
  v_lots json[] := '{}';
  v_skipped text[] := '{}';
begin
  ${SHARE_DEFINITIONS}
  v_now := coalesce((p->>'now')::bigint, store_now());
  v_owner := p->>'owner';
  v_left := (p->>'limit')::int;
  v_start := (p->>'start')::int;
  v_per_job := case when json_typeof(p->'perJob') = 'object' then p->'perJob' end;
  ${renewedOwner({ owner: 'v_owner', leaseMs: "(p->>'leaseMs')::bigint", now: "(p->>'now')::bigint", seenFence: "(p->>'seenFence')::bigint" })}
  if v_jobs is null then
    perform take_over_expired(v_now);
    return json_build_object('status', 'dead', 'runs', '[]'::json, 'storeNow', v_now);
  end if;
  -- Whoever has locked gates waits for nobody any more: the rest is the next call's.
  v_may_wait := true;
  if v_has_chores then
    v_may_wait := not drain_trigger_log(v_now);
    if v_may_wait then
      v_may_wait := take_over_expired(v_now) is null;
      v_may_wait := sweep_leases(v_now) is null and v_may_wait;
    end if;
  end if;

  -- What is blocked makes room for others, and what one job leaves is another's: a few rounds, most often one.
  for v_round in 1..20 loop
    exit when v_left <= 0;
    v_goes_on := false;
    v_is_done := false;
    v_ids := '{}';
    -- Jobs that have anything pending, and room to run it. Where one waits already, it goes first.
    select array_agg(j.id), array_agg(j.name), array_agg(j.rate_max is not null), array_agg(j.priority), array_agg(j.lowest),
      array_agg(j.is_alone), array_agg(j.is_like_most), bool_or(j.rate_max is not null), exists (select 1 from runs r where r.suspect and r.job_id = any (v_jobs))
    into v_ready, v_names, v_rated, v_priorities, v_lowest, v_alone, v_like_most, v_is_rated, v_has_suspects
    from (
      select j.id, j.name, j.rate_max, h.priority, l.priority as lowest, h.at = l.at and h.run_at <= v_now as is_alone, h.is_like_most
      from jobs j
      left join gates g on j.concurrency is not null and g.name = ('job:' || j.name) collate "C"
      cross join lateral (
        select r.priority, r.run_at, r.ctid as at, ${WILL_BE_LIKE_MOST} as is_like_most
        from runs r where r.owner = '' and r.job_id = j.id and r.state <> 'waiting'
        order by r.priority desc, r.run_at, r.sequence limit 1
      ) h
      cross join lateral (
        select r.priority, r.ctid as at from runs r where r.owner = '' and r.job_id = j.id and r.state <> 'waiting'
        order by r.priority, r.run_at desc, r.sequence desc limit 1
      ) l
      where j.id = any (v_jobs) and j.suspended_at is null and (g.name is null or g.held < g."limit" or g.waiting = 0)
      order by (j.id * 2654435761 + v_fence) % 4294967296
    ) j;
    exit when v_ready is null;
    v_share := ceil(v_left::numeric / cardinality(v_ready))::int;
    v_suspect_job := null;
    if v_has_suspects then
      v_suspect_id := due_suspect(v_owner, case when v_is_rated
        then (select array_agg(j.id) from jobs j where j.id = any (v_ready)
          and (j.rate_max is null or rate_room(j.id, v_now) > coalesce((v_counts->>j.name)::int, 0)))
        else v_ready end, v_now);
      select r.job_id into v_suspect_job from runs r where r.id = v_suspect_id;
      v_ids := array_remove(array[v_suspect_id], null);
    end if;

    for v_turn in 1..cardinality(v_ready) loop
      v_name := v_names[v_turn];
      v_want := least(v_share, v_left - cardinality(v_ids));
      if v_per_job is not null and v_per_job->>v_name is not null then
        v_want := least(v_want, (v_per_job->>v_name)::int - coalesce((v_counts->>v_name)::int, 0));
      end if;
      if v_rated[v_turn] then
        v_want := least(v_want, rate_room(v_ready[v_turn], v_now) - coalesce((v_counts->>v_name)::int, 0)
          - (v_ready[v_turn] is not distinct from v_suspect_job)::int);
      end if;
      continue when v_want <= 0;
      v_lot := null;
      if v_alone[v_turn] then
        -- As on an idle worker. If it has gates, is a suspect, or somebody else's by now, the line tells.
        with due as materialized (
          select r.ctid as at, r.id from runs r
          where r.owner = '' and r.job_id = v_ready[v_turn] and r.state <> 'waiting' and r.priority = v_priorities[v_turn]
            and r.run_at <= v_now and not r.suspect and r.gates = '{}'
          order by r.run_at, r.sequence limit 1 for update skip locked
        ), x as (
          ${givenTo({ owner: 'v_owner', fence: 'v_fence', now: 'v_now', start: 'v_start', place: '1' })}
          from due d where r.ctid = d.at and r.id = d.id
          returning ${returnedOf('v_name', '1')}
        )
        select ${claimedAlone('v_now')} into v_lot from x;
      end if;
      if v_lot is not null then
        v_got := 1;
        v_lots := v_lots || v_lot;
        v_goes_on := v_goes_on or v_want = 1;
      else
        v_line := claim_line(
          v_ready[v_turn], v_name, v_priorities[v_turn], v_lowest[v_turn], v_like_most[v_turn], v_now, v_want, v_owner, v_fence, v_start);
        v_got := v_line.o_got;
        v_lots := v_lots || v_line.o_lots;
        v_goes_on := v_goes_on or v_got + cardinality(v_line.o_gated) = v_want;
        v_ids := v_ids || v_line.o_gated;
      end if;
      if v_got > 0 then
        v_is_done := true;
        v_fence := v_fence + v_got;
        v_start := greatest(0, v_start - v_got);
        v_left := v_left - v_got;
        if v_is_rated or v_per_job is not null then
          v_counts := v_counts || jsonb_build_object(v_name, coalesce((v_counts->>v_name)::int, 0) + v_got);
        end if;
      end if;
    end loop;
    exit when cardinality(v_ids) = 0 and not (v_is_done and v_goes_on);
    continue when cardinality(v_ids) = 0;

    v_taken := take_runs(v_ids, v_owner, v_now, v_fence, v_start, false, v_may_wait);
    v_may_wait := false;
    if v_is_rated or v_per_job is not null then
      for v_job in
        select j.name, count(*)::int as got
        from runs r join jobs j on j.id = r.job_id where r.id = any (v_taken.o_granted) group by j.name
      loop
        v_counts := v_counts || jsonb_build_object(v_job.name, coalesce((v_counts->>v_job.name)::int, 0) + v_job.got);
      end loop;
    end if;
    v_lots := v_lots || v_taken.o_lots;
    v_skipped := v_skipped || v_taken.o_skipped;
    v_got := cardinality(v_taken.o_granted);
    v_fence := v_fence + v_got;
    v_start := greatest(0, v_start - v_got);
    v_left := v_left - v_got;
    exit when not v_goes_on and v_taken.o_waiting = 0 and cardinality(v_taken.o_skipped) = 0;
  end loop;

  -- Of this round or an earlier one: of what is counted, only jobs with a limit matter here.
  if v_counts <> '{}' then
    -- In the order of ids, as rows of jobs are locked everywhere.
    for v_job in
      select j.id, (e.value)::int as got from jsonb_each_text(v_counts) e join jobs j on j.name = e.key collate "C"
      where j.rate_max is not null order by j.id
    loop
      perform spend_rate(v_job.id, v_job.got, v_now);
    end loop;
  end if;
  return json_build_object('status', 'ok', 'runs', array_to_json(v_lots), 'tick', tick_for(v_owner, v_jobs, v_now),
    'hint', case when v_skipped <> '{}' then settled_hints(v_skipped) end);
end
$$`,
}
