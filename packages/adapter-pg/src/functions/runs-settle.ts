/**
 * `runs_settle(p)`: how attempts ended, each written once by whoever holds the run under that fence.
 *
 * What ends moves to history in one statement, what is tried again or given back is updated in another; then what comes
 * after is enqueued, gates are released, and failures counted. The same settlement twice is settled twice.
 *
 * Parameters: owner, now; plain successes in columns: ids, fences, startedAts, results (none for no results); others as
 * records, `then` unfolded. Result: replies as [status, failuresInARow], first of the plain ones, or null when all were
 * settled and no job has failures in a row; storeNow and, for a live owner, the tick; hints.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { fewBy } from './by-index.ts'
import { CARRIED_COLUMNS, HISTORY_COLUMNS } from './history-columns.ts'
import { SHARE_DEFINITIONS } from './lock-definitions.ts'
import { PLANNED_ONCE } from './planned-once.ts'
import { SETTLE_SUCCESSES } from './settle-successes.ts'

const CHANGED_AT_THE_END: Readonly<Record<string, string>> = {
  progress: 'coalesce(g.new_progress, g.progress)',
  attempt: 'g.attempt - (not g.counts)::int',
  started_at: "case when g.counts then g.new_started_at else (g.attempts[cardinality(g.attempts)]->>'startedAt')::bigint end",
  failures: "g.failures + (g.outcome in ('failed', 'timedOut'))::int",
  suspect: 'g.suspect and not g.counts',
  error: 'case when g.counts then g.new_error else g.error end',
  settled: "g.outcome || '/' || g.goes_to",
}

const carried = CARRIED_COLUMNS.map((column) => CHANGED_AT_THE_END[column] ?? `g.${column}`).join(', ')

/** Plain successes come in columns, which are read three times as fast. Rows are locked in the order of their ids, as everywhere. */
const given = /* sql */ `
    select g.*, g.new_started_at is not null and g.goes_to <> 'released' as counts
    from (
      select i.id as run_id, i.fence as at_fence, 'succeeded' as outcome, i.started_at as new_started_at,
        null::json as new_error, null as new_progress, false as holds_gates, null::json as enqueue,
        'succeeded' as goes_to, i.result, null as new_reason, null::bigint as delay_ms
      from unnest(q.ids, q.fences, q.started_ats, q.results) as i(id, fence, started_at, result)
      union all
      select s."runId", s.fence, s.outcome, s."startedAt", s.error, s.progress, coalesce(s."holdGates", false), s.enqueue,
        s."to", s.result, s.reason, s."delayMs"
      from json_to_recordset(q.others) as s(
        "runId" text, fence bigint, outcome text, "startedAt" bigint, error json, progress text, "holdGates" boolean, enqueue json,
        "to" text, result text, reason text, "delayMs" bigint)
    ) g
    where ${fewBy('g.at_fence')}
    order by g.run_id collate "C"`

export const runsSettle: SqlFunction = {
  name: 'runs_settle',
  sql: /* sql */ `
create or replace function runs_settle(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  q record;
  v_now bigint;
  v_done text[];
  v_ended text[];
  v_kept text[];
  v_gates text[];
  v_dead int[];
  v_good int[];
  v_has_failures boolean;
  v_after json;
  v_made record;
  v_replies json;
  v_promoted int := 0;
  v_touched int[];
  v_jobs int[];
begin
  ${SHARE_DEFINITIONS}
  -- Parsed once: each look into JSON text reads all of it.
  select x.now, x.owner, x.ids, x.fences, x."startedAts" as started_ats, x.results, x.others,
    cardinality(x.ids) as plain, cardinality(x.ids) + json_array_length(x.others) as count
  into q
  from json_to_record(p) as x(now bigint, owner text, ids text[], fences bigint[], "startedAts" bigint[], results text[], others json);
  v_now := coalesce(q.now, store_now());
  if q.count = q.plain then${SETTLE_SUCCESSES}
  else
    perform lock_followers(q.others, q.ids);
    -- A cancel that is not committed yet is waited for: what follows sees it, whether a run ends or is tried again.
    if exists (select 1 from json_array_elements(q.others) o where o->>'to' in ('retry', 'released')) then
      perform lock_runs(q.ids || array(select o->>'runId' from json_array_elements(q.others) o));
    end if;
    -- What ends. A retry of a run that is to be cancelled is cancelled.
    with given as materialized (${given}
    ), gone as (
      delete from runs r using given s
      where r.id = s.run_id collate "C" and r.fence = s.at_fence and r.owner = q.owner collate "C"
        and (s.goes_to not in ('retry', 'released') or r.cancel_requested is not null)
      returning r.*, s.*
    ), filed as (
      insert into history (${HISTORY_COLUMNS}, ending, owner)
      select ${carried},
        case when g.goes_to in ('retry', 'released') then 'cancelled' else g.goes_to end, v_now,
        case when g.goes_to in ('retry', 'released') then g.cancel_requested else g.new_reason end,
        case when g.goes_to = 'succeeded' then g.result end,
        case when g.counts then g.outcome end, case when g.counts then g.owner end
      from gone g
    ), stuck as (
      insert into held_gates (run_id, fence, owner, gates)
      select g.id, g.fence, g.owner, g.gates from gone g where g.holds_gates and g.gates <> '{}'
      on conflict do nothing
    )
    select array_agg(g.id),
      (select array_agg(n.name) from gone h cross join lateral unnest(h.gates) n(name) where not h.holds_gates and h.gates <> '{}'),
      array_agg(g.job_id) filter (where g.goes_to = 'dead'),
      array_agg(distinct g.job_id) filter (where g.goes_to = 'succeeded' or (g.goes_to = 'skipped' and g.new_reason like 'handler%')),
      json_agg(g.enqueue) filter (where g.goes_to = 'succeeded' and g.enqueue is not null), array_agg(distinct g.job_id)
    into v_ended, v_gates, v_dead, v_good, v_after, v_touched
    from gone g;
  end if;

  -- What is tried again, or was given back.
  if coalesce(cardinality(v_ended), 0) < q.count then
    with given as materialized (${given}
    ), back as (
      update runs r set
        progress = coalesce(s.new_progress, r.progress),
        attempt = r.attempt - (not s.counts)::int,
        started_at = case when s.counts then s.new_started_at else (r.attempts[cardinality(r.attempts)]->>'startedAt')::bigint end,
        failures = r.failures + (s.outcome in ('failed', 'timedOut'))::int,
        suspect = r.suspect and not s.counts,
        error = case when s.counts then s.new_error else r.error end,
        attempts = case when s.counts then keep_attempts(r.attempts,
          attempt_record(r.attempt, s.outcome, r.owner, r.fence, s.new_started_at, v_now, s.new_error, r.run_at)) else r.attempts end,
        settled = s.outcome || '/' || s.goes_to,
        began = false, state = 'pending', owner = '',
        run_at = case when s.goes_to = 'retry' then v_now + s.delay_ms else r.run_at end
      from given s
      where r.id = s.run_id collate "C" and r.fence = s.at_fence and r.owner = q.owner collate "C"
      returning r.id, r.job_id, r.fence, r.gates, s.holds_gates
    ), stuck as (
      insert into held_gates (run_id, fence, owner, gates)
      select b.id, b.fence, q.owner, b.gates from back b where b.holds_gates and b.gates <> '{}'
      on conflict do nothing
    )
    select array_agg(b.id), v_touched || array_agg(distinct b.job_id),
      v_gates || (select array_agg(n.name) from back c cross join lateral unnest(c.gates) n(name) where not c.holds_gates and c.gates <> '{}')
    into v_kept, v_touched, v_gates
    from back b;
  end if;

  -- What comes after takes its locks before gates are locked, all of them together.
  if v_after is not null then
    v_made := enqueue_requests((select json_agg(r) from json_array_elements(v_after) a cross join lateral json_array_elements(a) r), v_now);
    v_promoted := change_gates(coalesce(v_gates, '{}'), v_made.o_left, v_made.o_chances);
  elsif v_gates is not null then
    v_promoted := release_gates(v_gates);
  end if;
  v_has_failures := v_dead is not null or exists (select 1 from jobs j where j.id = any (v_touched) and j.failures_in_a_row > 0);
  if v_dead is not null then
    perform 1 from jobs j where j.id = any (v_dead) order by j.id for update;
    update jobs j set failures_in_a_row = j.failures_in_a_row + n.deaths
    from (select u.id, count(*)::int as deaths from unnest(v_dead) u(id) group by u.id) n where j.id = n.id;
  end if;
  if v_good is not null and v_has_failures then
    update jobs j set failures_in_a_row = 0 where j.id = any (v_good) and j.failures_in_a_row > 0;
  end if;
  v_done := coalesce(v_ended, '{}') || coalesce(v_kept, '{}');
  if cardinality(v_done) < q.count or v_has_failures then
    select json_agg(json_build_array(
      case when s.id = any (v_done) or known.settled = s.said then 'settled' else 'stale' end, coalesce(j.failures_in_a_row, 0)) order by s.place)
    into v_replies
    from (
      select i.id, i.fence, 'succeeded/succeeded' as said, i.place
      from unnest(q.ids, q.fences) with ordinality i(id, fence, place)
      union all
      select e.value->>'runId', (e.value->>'fence')::bigint, (e.value->>'outcome') || '/' || (e.value->>'to'), q.plain + e.place
      from json_array_elements(q.others) with ordinality e(value, place)
    ) s
    left join lateral (
      select r.job_id, case when r.fence = s.fence then r.settled end as settled from runs r where r.id = s.id collate "C"
      union all
      select h.job_id, case when h.fence = s.fence then h.settled end from history h where h.id = s.id collate "C"
    ) known on true
    left join jobs j on j.id = known.job_id;
  end if;

  select o.job_ids into v_jobs from owners o where o.id = q.owner collate "C" and o.ended_at is null;
  return json_build_object('replies', v_replies,
    'tick', case when v_jobs is null then json_build_object('storeNow', v_now) else tick_for(q.owner, v_jobs, v_now) end,
    'hint', case when v_promoted > 0 or v_kept is not null or v_after is not null
      then coalesce(settled_hints(v_ended)::jsonb, '[]') || '[{"kind":"work","of":"runs"}]' else settled_hints(v_ended)::jsonb end);
end
$$`,
}
