/**
 * `runs_prune(p)`: deletes history beyond the rules, at most `limit` records, in bounded time; tidies up what else gathers.
 *
 * By count: each (key, state) of a job is cut to its newest, through the keys of which anything finished since the job was
 * pruned last, under the same rule; a little of the time before is looked at again, for what was committed late. Runs that
 * were triggered and finished within the grace are spared: their keys are looked at again when it is over. By age:
 * through the index of ends. Stretches that were skipped go the same way. First it chooses, without a lock; then it deletes and folds, at once. A job that another call
 * is pruning is left to it.
 *
 * Parameters: the contract's request. Result: pruned, more.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { PLANNED_ONCE } from './planned-once.ts'

/** Time for choosing. */
const CHOOSING_MS = 250
/** What ended within it before now may still be uncommitted. */
const LATE_MS = 5_000
/** More than any count. */
const ALL = '9007199254740991'

export const runsPrune: SqlFunction = {
  name: 'runs_prune',
  sql: /* sql */ `
create or replace function runs_prune(p json) returns json language plpgsql ${PLANNED_ONCE} as $$
declare
  v_now bigint := coalesce((p->>'now')::bigint, store_now());
  v_grace_from bigint := coalesce(v_now - nullif((p->>'graceMs')::bigint, 0), ${ALL});
  v_left int := (p->>'limit')::int;
  v_until timestamptz := clock_timestamp() + interval '${CHOOSING_MS} milliseconds';
  v_rule record;
  v_excess record;
  v_ids text[];
  v_spared_from bigint;
  v_is_all boolean;
  v_is_news boolean;
  v_more_ids text[];
  v_more_skips bigint[];
  v_has_skips boolean;
  v_since bigint;
  v_to bigint;
  v_runs text[] := '{}';
  v_skips bigint[] := '{}';
  v_jobs int[] := '{}';
  v_through bigint[] := '{}';
  v_spares bigint[] := '{}';
  v_rules text[] := '{}';
  v_pruned int;
  v_more boolean := false;
begin
  if tidy_gates(v_now) is not null then
    -- It has the definitions to itself: nothing that takes time beside it.
    return json_build_object('pruned', 0, 'more', true);
  end if;
  for v_rule in
    select j.id, j.pruned_to, j.pruned_by, j.spared_from, coalesce(r.succeeded, ${ALL}) as succeeded, coalesce(r.dead, ${ALL}) as dead,
      v_now - r."forMs" as oldest, concat(r.succeeded, '/', r.dead) as rule
    from json_to_recordset(p->'rules') as r(job text, succeeded bigint, dead bigint, "forMs" bigint) join jobs j on j.name = r.job
    -- Those that were left out the longest first.
    order by j.pruned_to, j.id
  loop
    continue when not pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/quarterjack-prune/' || v_rule.id, 0));
    if v_left <= 0 or (cardinality(v_jobs) > 0 and clock_timestamp() > v_until) then
      v_more := true;
      exit;
    end if;
    v_since := case when v_rule.pruned_by = v_rule.rule and v_rule.pruned_to <= v_now then v_rule.pruned_to else 0 end;
    v_ids := '{}';
    v_to := v_since;
    v_spared_from := least(v_rule.spared_from, v_since);
    v_is_all := true;
    v_is_news := false;
    -- First the keys of what was spared, as far as its grace is over.
    if v_spared_from < least(v_grace_from, v_since) then
      v_excess := excess_runs(v_rule.id, v_rule.succeeded, v_rule.dead, v_spared_from, least(v_grace_from, v_since), v_grace_from, v_ids, v_left, v_until);
      v_ids := v_excess.o_ids;
      v_is_all := v_excess.o_is_all;
      v_is_news := v_excess.o_is_news;
      v_spared_from := case when v_is_all then least(v_grace_from, v_since) else v_excess.o_through end;
    end if;
    if v_is_all then
      v_excess := excess_runs(v_rule.id, v_rule.succeeded, v_rule.dead, v_since, ${ALL}, v_grace_from, v_ids, v_left, v_until);
      v_ids := v_excess.o_ids;
      v_is_all := v_excess.o_is_all;
      v_is_news := v_is_news or v_excess.o_is_news;
      v_to := case when v_is_all then v_now else v_excess.o_through end;
      -- The newest run of a key that spares any finished within the grace: it is looked at again by that one.
      v_spared_from := case when v_excess.o_spares or v_spared_from < v_since then greatest(v_spared_from, least(v_grace_from, v_to)) else v_to end;
    end if;
    v_left := v_left - cardinality(v_ids);
    v_more := v_more or not v_is_all;

    select array_agg(x.id) into v_more_ids
    from (
      select h.id
      from (values ('succeeded'), ('dead'), ('cancelled'), ('skipped')) s(state)
      cross join (values (true), (false)) p(is_plain)
      cross join lateral (
        select h.id from history h
        where h.job_id = v_rule.id and h.state = s.state and (h.key = '') = p.is_plain and h.finished_at < v_rule.oldest
        order by h.finished_at, h.sequence limit v_left + cardinality(v_ids)
      ) h
      where h.id <> all (v_ids)
      limit v_left
    ) x;
    v_left := v_left - coalesce(cardinality(v_more_ids), 0);

    v_more_skips := excess_skips(v_rule.id, v_rule.succeeded, v_since, v_to, v_rule.oldest, v_left);
    v_left := v_left - cardinality(v_more_skips);
    v_has_skips := exists (select 1 from skips s where s.job_id = v_rule.id and s.finished_at > v_since and s.finished_at <= v_to);
    if v_has_skips and v_left <= 0 then
      -- There may be more of them: the next call begins where this one did.
      v_to := v_since;
    end if;

    v_runs := v_runs || v_ids || v_more_ids;
    v_skips := v_skips || v_more_skips;
    if v_is_news or v_has_skips or v_rule.pruned_by <> v_rule.rule then
      v_jobs := v_jobs || v_rule.id;
      v_through := v_through || least(v_now - ${LATE_MS}, v_to);
      v_spares := v_spares || least(v_now - ${LATE_MS}, v_to, v_spared_from);
      v_rules := v_rules || v_rule.rule;
    end if;
  end loop;

  v_pruned := prune_records(v_runs, v_skips);
  if v_pruned < cardinality(v_runs) + cardinality(v_skips) then
    -- Somebody else has locked some: they are looked for again.
    v_more := true;
  else
    perform 1 from jobs j where j.id = any (v_jobs) order by j.id for update;
    update jobs j set pruned_to = n.through, spared_from = n.spares, pruned_by = n.rule
    from unnest(v_jobs, v_through, v_spares, v_rules) n(id, through, spares, rule)
    where j.id = n.id and (j.pruned_by <> n.rule or j.pruned_to <> n.through or j.spared_from <> n.spares);
  end if;
  return json_build_object('pruned', v_pruned, 'more', tidy_rest(v_now) or v_more or v_left <= 0);
end
$$`,
}
