/**
 * `schedules_fire(p)`: carries out firings, each by itself: where the schedule still stands at the expected slot, its cursor
 * moves and the records of its slots are written in one transaction; with `claim`, new runs are claimed at once as far as
 * gates and the limit permit. A schedule whose row somebody else has locked is answered `stale`, without waiting; with
 * `lookedAt`, so is one that is not due yet, or was resumed since.
 *
 * Parameters: claim, now, lookedAt, and the firings in columns (`rows/fire-letter.ts`). Result: `odd`, the replies to firings that did
 * not go their usual way, as [place, status, [[id, state, reason], …]]: the others fired and made all their runs; claimed
 * runs, as `running` in columns of what the caller does not know (`rows/fired-run.ts`) where all were claimed and no gate or
 * limit had a say, else in lots (see `claimed-columns.ts`); the tick of the claiming owner; hints.
 *
 * Text is taken apart once, into arrays; joins look up rows by index, and everything else is found by its place.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { fewBy } from './by-index.ts'
import { COMMIT_AT_INSTANT, WAIT_FOR_INSTANT } from './fire-at-instant.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { HISTORY_COLUMNS } from './history-columns.ts'

/** No suspension of it ended after the look. */
const isKnown = (row: string): string => /* sql */ `(v_looked_at is null or ${row}.suspended_stretches::text = '[]'
      or not exists (select 1 from json_array_elements(${row}.suspended_stretches) e(value) where (e.value->>1)::bigint > v_looked_at))`

const gates = (run: string): string => `array(select g from json_array_elements_text(${run}.gates) g order by g collate "C")`

export const schedulesFire: SqlFunction = {
  name: 'schedules_fire',
  sql: /* sql */ `
create or replace function schedules_fire(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_given bigint;
  v_now bigint;
  v_claim json;
  v_looked_at bigint;
  v_job_names text[];
  v_of_job int[];
  v_names text[];
  v_incarnations text[];
  v_generations int[];
  v_expected bigint[];
  v_through bigint[];
  v_next_slots bigint[];
  v_next_due_ats bigint[];
  v_of_firing int[];
  v_ids text[];
  v_slots bigint[];
  v_run_ats bigint[];
  v_priorities int[];
  v_overlaps text[];
  v_queue_limits int[];
  v_gates json;
  v_skips json;
  v_fence bigint;
  v_owner text;
  v_start int;
  v_known int[];
  v_free int[];
  -- Of each job: its id, the same unless it is suspended, and whether it was not resumed since the look.
  v_jobs int[];
  v_open int[];
  v_still boolean[];
  -- Firings that go ahead: their places, and beside them their schedules, as their locked rows have it. The same by place, null
  -- where a firing does not go ahead.
  v_places bigint[];
  v_rows tid[];
  v_ids_of bigint[];
  v_keys_of text[];
  v_payloads_of text[];
  v_last_of text[];
  v_at bigint[];
  v_keys text[];
  v_payloads text[];
  v_last_runs text[];
  v_wait_ms bigint;
  -- What is written is committed at this instant, and as of it.
  v_commits_at bigint;
  v_reply json;
  v_moved int;
  -- Runs that look at their own schedule alone: how many were asked for and written, and of each [firing, place, is skipped].
  v_asked int;
  v_written int;
  v_has_skipped boolean;
  v_judged int[];
  v_created text[] := '{}';
  -- By place of the firing: how many records were written, and the place of the newest run among them.
  v_counts int[];
  v_last int[];
  -- By place: the firing needs words.
  v_odd boolean[];
  v_states json[];
  -- All that is made is claimed, and nothing stands in the way: it is written as running at once.
  v_is_plain boolean;
  v_beside record;
  v_holds_gates boolean := false;
  v_is_work boolean := false;
  v_running json;
  v_claimed json;
  v_replies json;
  v_place int;
  v_firing int;
  v_one record;
begin
  select x.now, coalesce(x.now, store_now()), x.claim, x."lookedAt", x.jobs, x."ofJob", x.names, x.incarnations, x.generations, x.expected, x.through,
    x."nextSlots", x."nextDueAts", x."ofFiring", x.ids, x.slots, x."runAts", x.priorities, x."overlaps", x."queueLimits", x.gates, x.skips,
    x.counts, x.last, x.claim->>'owner', (x.claim->>'start')::int
  into v_given, v_now, v_claim, v_looked_at, v_job_names, v_of_job, v_names, v_incarnations, v_generations, v_expected, v_through,
    v_next_slots, v_next_due_ats, v_of_firing, v_ids, v_slots, v_run_ats, v_priorities, v_overlaps, v_queue_limits, v_gates, v_skips,
    v_counts, v_last, v_owner, v_start
  from json_to_record(p) as x(
    now bigint, claim json, "lookedAt" bigint, jobs text[], "ofJob" int[], names text[], incarnations text[], generations int[], expected bigint[],
    through bigint[], "nextSlots" bigint[], "nextDueAts" bigint[], "ofFiring" int[], ids text[], slots bigint[], "runAts" bigint[],
    priorities int[], "overlaps" text[], "queueLimits" int[], gates json, skips json,
    counts int[], last int[]);
  ${WAIT_FOR_INSTANT}
  ${SHARE_DEFINITIONS}
  v_fence := claim_fence(v_given, (v_claim->>'seenFence')::bigint);
  v_known := open_claim(v_claim, v_now, v_fence);
  if v_known is not null then
    v_free := jobs_without_due(v_known, v_job_names, v_now);
  end if;

  -- Those that may fire, locked. Locking reads the newest version of a row, so what it says holds.
  select array_agg(j.id order by n.place), array_agg(case when j.suspended_at is null then j.id end order by n.place),
    array_agg(${isKnown('j')} order by n.place),
    v_known is not null and coalesce(json_array_length(v_gates), 0) = 0 and (v_claim->>'limit')::int >= cardinality(v_ids)
      and v_now >= all (v_run_ats) and not ('queue' = any (v_overlaps) or 'replace' = any (v_overlaps))
      and bool_and(j.id = any (v_free) and j.rate_max is null) is true
  into v_jobs, v_open, v_still, v_is_plain
  from unnest(v_job_names) with ordinality n(name, place)
  left join lateral (select * from jobs o where o.name = n.name collate "C" limit 1) j on true;
  select array_agg(q.place), array_agg(q.row), array_agg(q.id), array_agg(q.key), array_agg(q.payload), array_agg(q.last_run_id)
  into v_places, v_rows, v_ids_of, v_keys_of, v_payloads_of, v_last_of
  from (select * from (select distinct on (l.id) l.* from (
    select f.place, s.ctid as row, s.id, s.key, s.payload, s.last_run_id
    from unnest(v_of_job, v_names, v_incarnations, v_generations, v_expected) with ordinality
      as f(job, name, incarnation, generation, expected_slot, place)
    join schedules s on s.job_id = v_open[f.job] and s.name = f.name collate "C"
    where ${fewBy('f.place')} and s.incarnation = f.incarnation collate "C" and s.generation = f.generation and s.next_slot = f.expected_slot
      and s.quarantined is null and s.suspended_at is null and v_still[f.job]
      and (v_looked_at is null or s.next_due_at <= v_now) and ${isKnown('s')}
    for update of s skip locked
  ) l order by l.id, l.place) d order by d.place) q;

  v_odd := array_fill(false, array[coalesce(cardinality(v_names), 0)]);
  if v_places is not null then
    v_at := v_ids_of;
    v_keys := v_keys_of;
    v_payloads := v_payloads_of;
    v_last_runs := v_last_of;
    if cardinality(v_places) < cardinality(v_names) then
      v_at := array_fill(null::bigint, array[cardinality(v_names)]);
      v_keys := array_fill(null::text, array[cardinality(v_names)]);
      v_payloads := v_keys;
      v_last_runs := v_keys;
      for v_nth in 1 .. cardinality(v_places) loop
        v_place := v_places[v_nth];
        v_at[v_place] := v_ids_of[v_nth];
        v_keys[v_place] := v_keys_of[v_nth];
        v_payloads[v_place] := v_payloads_of[v_nth];
        v_last_runs[v_place] := v_last_of[v_nth];
      end loop;
    end if;
    -- Overlap of one slot with the schedule's run before it; several runs of one schedule are each other's.
    with r as (
      select u.*, v_at[u.firing] as schedule_id, v_names[u.firing] as name, v_keys[u.firing] as key, v_payloads[u.firing] as payload,
        v_jobs[v_of_job[u.firing]] as job_id
      from rows from (
        unnest(v_of_firing, v_ids, v_slots, v_run_ats, v_priorities, v_overlaps), json_array_elements(v_gates)
      ) with ordinality as u(firing, id, slot, run_at, priority, overlap, gates, place)
      where ${fewBy('u.place')} and v_at[u.firing] is not null and u.overlap in ('skip', 'allow')
    ), judged as (
      select r.*, r.overlap = 'skip' and (
          v_of_firing[r.place - 1] is not distinct from r.firing or exists (select 1 from runs b where b.id = v_last_runs[r.firing])
        ) as is_skipped
      from r
      where not exists (select 1 from runs k where k.id = r.id collate "C") and not exists (select 1 from history k where k.id = r.id collate "C")
    ), new as materialized (
      select j.*, row_number() over (order by j.priority desc, j.run_at, j.place) as turn from judged j where not j.is_skipped
    ), made as (
      insert into runs (id, job_id, key, trigger, schedule_id, schedule, slot, payload, priority, run_at, created_at, overlap, gates,
        state, owner, fence, attempt, began, started_at)
      select n.id, n.job_id, n.key, 'schedule', n.schedule_id, n.name, n.slot, n.payload, n.priority, n.run_at, v_now, n.overlap,
        case when n.gates is null then '{}' else ${gates('n')} end,
        case when v_is_plain then 'running' else 'pending' end, case when v_is_plain then v_owner else '' end,
        case when v_is_plain then v_fence + n.turn - 1 else 0 end, case when v_is_plain then 1 else 0 end,
        v_is_plain and n.turn <= v_start, case when v_is_plain and n.turn <= v_start then v_now end
      from new n
      order by n.place
    ), skipped as (
      insert into history (${HISTORY_COLUMNS})
      select j.id, nextval('run_sequence'), j.job_id, j.key, 'schedule', j.schedule_id, j.name, j.slot, j.payload, null, j.priority, j.run_at,
        v_now, null, j.overlap, case when j.gates is null then '{}' else ${gates('j')} end, 0, 0, 0, false, 0, 1, null, null,
        null, '{}', null, null, null, 'skipped', v_now, 'overlap', null
      from judged j where j.is_skipped
    )
    select count(*), bool_or(j.is_skipped), (select count(*) from r), (select array_agg(n.id order by n.place) from new n),
      case when v_is_plain then (
        select json_build_object('owner', v_owner, 'at', v_now, 'fence', v_fence, 'start', v_start, 'places', json_agg(n.place),
          'turns', json_agg(n.turn), 'keys', json_agg(n.key), 'payloads', json_agg(n.payload))
        from new n
      ) end,
      array_agg(array[j.firing, j.place, j.is_skipped::int])
    into v_written, v_has_skipped, v_asked, v_created, v_running, v_judged
    from judged j;
    v_created := coalesce(v_created, '{}');

    -- What was sent of counts and newest runs holds, unless one was there already or is skipped.
    if v_written < v_asked or v_has_skipped then
      v_counts := array_fill(0, array[cardinality(v_names)]);
      v_last := array_fill(null::int, array[cardinality(v_names)]);
      for v_place in 1 .. v_written loop
        v_firing := v_judged[v_place][1];
        v_counts[v_firing] := v_counts[v_firing] + 1;
        if v_judged[v_place][3] = 1 then
          v_odd[v_firing] := true;
        else
          v_last[v_firing] := v_judged[v_place][2];
        end if;
      end loop;
    end if;
    update schedules s set
      cursor = greatest(s.cursor, v_through[w.place]), next_slot = v_next_slots[w.place], next_due_at = v_next_due_ats[w.place],
      slots = s.slots + v_counts[w.place], last_run_id = coalesce(v_ids[v_last[w.place]], s.last_run_id),
      suspended_stretches = case when s.suspended_stretches::text = '[]' then s.suspended_stretches
        else stretches_after(s.suspended_stretches, greatest(s.cursor, v_through[w.place])) end
    from unnest(v_places, v_rows) w(place, row)
    where s.ctid = w.row and ${fewBy('w.place')};
    get diagnostics v_moved = row_count;
    if v_moved < cardinality(v_places) then
      raise exception 'of % locked schedules, % moved', cardinality(v_places), v_moved;
    end if;

    -- Ids derive from slots, so none is doubled whatever became of the cursor: a run that is there already is the record.
    if v_written < v_asked then
      with r as (
        select u.id, v_at[u.firing] as schedule_id from unnest(v_of_firing, v_ids) u(firing, id) where v_at[u.firing] is not null
      ), live as (
        update runs k set schedule_id = r.schedule_id from r
        where k.id = r.id collate "C" and k.schedule_id <> r.schedule_id returning r.schedule_id
      ), ended as (
        update history k set schedule_id = r.schedule_id from r
        where k.id = r.id collate "C" and k.schedule_id <> r.schedule_id returning r.schedule_id
      )
      update schedules s set slots = s.slots + n.count
      from (select a.schedule_id, count(*) from (select * from live union all select * from ended) a group by a.schedule_id) n
      where s.id = n.schedule_id;
      v_odd := array_fill(true, array[cardinality(v_names)]);
    end if;

    -- The rest is rare: ranges that were skipped, and overlap that looks at the whole (job, key).
    for v_one in
      select v_at[(e.value->>0)::int] as id, e.value->1 as ranges from json_array_elements(v_skips) with ordinality e(value, place)
      order by e.place
    loop
      if v_one.id is not null then
        perform record_skips(v_one.id, v_one.ranges, v_now);
      end if;
    end loop;
    if 'queue' = any (v_overlaps) or 'replace' = any (v_overlaps) then
      v_beside := fire_beside_others(
        array(select v_at[u.firing] from unnest(v_of_firing) with ordinality u(firing, place) order by u.place),
        v_ids, v_slots, v_run_ats, v_priorities, v_overlaps, v_queue_limits, v_gates, v_now);
      v_created := v_created || v_beside.o_created;
      v_holds_gates := v_beside.o_holds_gates;
      v_odd := array_fill(true, array[cardinality(v_names)]);
    end if;

    if not v_is_plain then
      v_claimed := claim_at_once(v_created, v_claim, v_free, v_now, v_fence, not v_holds_gates);
      v_is_work := coalesce((v_claimed->>'count')::int, 0) < cardinality(v_created);
    end if;
  end if;

  if true = any (v_odd) or v_places is null or cardinality(v_places) < cardinality(v_names) then
    for v_one in
      select x.firing, json_agg(json_build_array(x.id, coalesce(l.state, h.state), h.reason) order by x.place) as states
      from unnest(v_of_firing, v_ids) with ordinality x(firing, id, place)
      left join runs l on l.id = x.id collate "C"
      left join history h on h.id = x.id collate "C"
      where ${fewBy('x.place')} and v_odd[x.firing] and v_at[x.firing] is not null
      group by x.firing
    loop
      v_states[v_one.firing] := v_one.states;
    end loop;
    select json_agg(json_build_array(f.place,
      case
        when v_at[f.place] is not null then 'fired'
        when s.id is null or s.incarnation <> f.incarnation collate "C" then 'gone'
        when s.generation <> f.generation or s.next_slot is distinct from f.expected_slot or s.quarantined is not null then 'stale'
        when s.suspended_at is not null or v_open[f.job] is null then 'suspended'
        else 'stale'
      end,
      coalesce(v_states[f.place], '[]')) order by f.place)
    into v_replies
    from unnest(v_of_job, v_names, v_incarnations, v_generations, v_expected) with ordinality
      as f(job, name, incarnation, generation, expected_slot, place)
    left join schedules s on s.job_id = v_jobs[f.job] and s.name = f.name collate "C"
    where ${fewBy('f.place')} and (v_at[f.place] is null or v_odd[f.place]);
  end if;

  v_reply := json_build_object('odd', v_replies, 'running', v_running, 'claimed', v_claimed->'lots',
    'tick', case when v_known is null then json_build_object('storeNow', v_now) else tick_for(v_owner, v_known, v_now) end,
    'hint', case when v_is_work then '[{"kind":"work","of":"runs"}]'::json end);
  ${COMMIT_AT_INSTANT}
  return v_reply;
end
$$`,
}
