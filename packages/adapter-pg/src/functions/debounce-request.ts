/**
 * `debounce_request(request, job, now)`: decides what becomes of a debounced request, and takes it into the open run if
 * there is one. The caller has locked the (job, key). Internal.
 *
 * Results: outcome (created, coalesced, dropped), the run that took it in; of a run to be created: when it is due, whether
 * it takes more triggers in, its payloads to merge. Of one that took it in: the gate that it waits at no longer, and gates
 * whose chance it gives up; both are the caller's to change.
 */
import type { SqlFunction } from '../schema/sql-function.ts'

/** Payloads that one run gathers for a merge function at most; the contract's MAX_MERGING. */
const MAX_MERGING = 64

export const debounceRequest: SqlFunction = {
  name: 'debounce_request',
  sql: /* sql */ `
create or replace function debounce_request(
  p json, p_job int, p_now bigint,
  out o_outcome text, out o_id text, out o_run_at bigint, out o_open boolean, out o_merging text[],
  out o_left text, out o_chances text[]
) language plpgsql as $$
declare
  v_key text := p->>'key';
  v_rule json := p->'debounce';
  v_wait bigint := (v_rule->>'waitMs')::bigint;
  v_most bigint := (v_rule->>'maxWaitMs')::bigint;
  v_is_leading boolean := (v_rule->>'leading')::boolean;
  v_merge text := v_rule->>'merge';
  v_payloads text[] := case
    when p->'merging' is not null and json_typeof(p->'merging') = 'array' then array(select m from json_array_elements_text(p->'merging') m)
    when p->>'payload' is not null then array[p->>'payload'] else '{}' end;
  v_state debounces;
  v_open runs;
  v_has_window boolean;
  v_had_open boolean;
  v_list text[];
  v_until bigint;
begin
  insert into debounces (job_id, key) values (p_job, v_key) on conflict do nothing;
  select d.* into v_state from debounces d where d.job_id = p_job and d.key = v_key collate "C";
  v_has_window := v_state.window_run_id is not null and v_state.window_ends_at > p_now;
  select r.* into v_open from runs r where r.id = v_state.open_run_id and r.open for update;
  v_had_open := found;

  if v_had_open then
    v_list := v_open.merging;
    if v_merge = 'list' then
      v_list := coalesce(v_open.merging, case when v_open.payload is null then '{}' else array[v_open.payload] end) || v_payloads;
    end if;
    if v_merge = 'list' and cardinality(v_list) > ${MAX_MERGING} then
      -- No room for the request: this run is closed, the next one opens.
      update runs r set open = false where r.id = v_open.id;
    else
      v_until := case when v_is_leading then case when v_has_window then v_state.window_ends_at else v_open.run_at end else p_now + v_wait end;
      v_until := least(v_until, v_open.created_at + v_most);
      update runs r set
        merging = case v_merge when 'list' then v_list when 'last' then null else r.merging end,
        payload = case when v_merge = 'last' then p->>'payload' else r.payload end,
        open = not (v_merge = 'list' and cardinality(v_list) = ${MAX_MERGING}),
        triggers = r.triggers + (p->>'triggers')::bigint,
        priority = greatest(r.priority, (p->>'priority')::int),
        run_at = v_until,
        state = case when v_until > p_now then 'pending' else r.state end,
        waits_at = case when v_until > p_now then null else r.waits_at end
      where r.id = v_open.id;
      o_left := case when v_open.state = 'waiting' and v_until > p_now then v_open.waits_at end;
      o_chances := v_open.gates;
      o_outcome := 'coalesced';
      o_id := v_open.id;
      return;
    end if;
  end if;

  o_outcome := 'created';
  o_id := p->>'id';
  o_merging := case when v_merge = 'list' then v_payloads end;
  if not v_is_leading then
    o_run_at := p_now + v_wait;
  elsif not v_has_window and v_had_open then
    o_run_at := p_now;
  elsif not v_has_window then
    -- The first of a quiet key: it runs at once, and opens a window.
    o_run_at := p_now;
    o_open := false;
    update debounces d set window_run_id = o_id, window_ends_at = p_now + v_wait where d.job_id = p_job and d.key = v_key collate "C";
    return;
  elsif not (v_rule->>'trailing')::boolean then
    o_outcome := 'dropped';
    o_id := v_state.window_run_id;
    update runs r set triggers = r.triggers + (p->>'triggers')::bigint where r.id = o_id collate "C";
    if not found then
      update history h set triggers = h.triggers + (p->>'triggers')::bigint where h.id = o_id collate "C";
    end if;
    return;
  else
    o_run_at := v_state.window_ends_at;
  end if;
  o_run_at := least(o_run_at, p_now + v_most);
  o_open := o_merging is null or cardinality(o_merging) < ${MAX_MERGING};
  if o_open then
    update debounces d set open_run_id = o_id where d.job_id = p_job and d.key = v_key collate "C";
  end if;
end
$$`,
}
