/**
 * `enqueue_requests(requests, now)`: makes runs of requests, or lets them join one. Each request is atomic by itself, and
 * harmless when repeated: an id that is known, unfinished or in history, makes nothing. Internal.
 *
 * Plain requests are written by one statement. Debounced, idempotent and skip-when-busy ones go one by one, under locks on
 * their (job, key) and idempotency key that are taken together in one order.
 *
 * Results: outcomes as [outcome, id] in the order of the requests, or null when all were made under their own ids; the ids
 * of the new runs; whether any run is due; gates for the caller to change, as `debounce_request` says: he may have more.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { lookedUp } from './by-index.ts'
import { keysOf } from './lock-keys.ts'

export const enqueueRequests: SqlFunction = {
  name: 'enqueue_requests',
  sql: /* sql */ `
create or replace function enqueue_requests(p_requests json, p_now bigint, out o_outcomes json, out o_ids text[], out o_is_due boolean,
  out o_left text[], out o_chances text[])
language plpgsql as $$
declare
  v_new text[];
  v_count int;
  v_specials int;
  v_one json;
  v_special record;
  v_special_outcomes jsonb := '{}';
begin
  o_left := '{}';
  o_chances := '{}';
  perform obtain_jobs(array(select distinct e->>'job' from json_array_elements(p_requests) e));

  with x as (
    select x.*
    from json_to_recordset(p_requests) as x(
      id text, job text, key text, trigger text, payload text, triggers bigint, priority int, "delayMs" bigint, "runAt" bigint,
      overlap text, "skipWhenBusy" boolean, gates json, idempotency json, debounce json, "replayOf" text, slot bigint, trace text)
  ), made as (
    insert into runs (id, job_id, key, trigger, slot, payload, priority, run_at, created_at, overlap, gates, triggers, replay_of, trace)
    select x.id, j.id, x.key, x.trigger, x.slot, x.payload, x.priority, coalesce(x."runAt", p_now + x."delayMs"), p_now, x.overlap,
      case when x.gates::text = '[]' then '{}' else array(select g from json_array_elements_text(x.gates) g order by g collate "C") end,
      x.triggers, x."replayOf", x.trace
    from x join jobs j on j.name = x.job collate "C"
    where x.debounce is null and x.idempotency is null and not x."skipWhenBusy"
    on conflict (id) do nothing
    returning id, run_at
  )
  select array_agg(m.id), bool_or(m.run_at <= p_now) into o_ids, o_is_due from made m;
  o_ids := coalesce(o_ids, '{}');
  o_is_due := coalesce(o_is_due, false);

  -- The insert has waited for endings under way: what they filed is visible now.
  delete from runs r using history h where r.id = any (o_ids) and ${lookedUp('h.id', 'r.id')};
  if found then
    o_ids := array(select u.id from unnest(o_ids) u(id) where (select true from history h where h.id = u.id collate "C" limit 1) is null);
  end if;

  select count(*)::int, count(*) filter (where e->'debounce' is not null or e->'idempotency' is not null or (e->>'skipWhenBusy')::boolean)::int
  into v_count, v_specials
  from json_array_elements(p_requests) e;
  if v_specials = 0 and cardinality(o_ids) = v_count then
    return;
  end if;

  if v_specials > 0 then
    perform lock_keys(${keysOf('p_requests')});
    for v_one in
      select e from json_array_elements(p_requests) e
      where e->'debounce' is not null or e->'idempotency' is not null or (e->>'skipWhenBusy')::boolean
    loop
      v_special := enqueue_special(v_one, p_now);
      v_special_outcomes := v_special_outcomes || jsonb_build_object(v_one->>'id', jsonb_build_array(v_special.o_outcome, v_special.o_id));
      if v_special.o_outcome = 'created' then
        o_ids := o_ids || v_special.o_id;
      end if;
      o_left := o_left || array_remove(array[v_special.o_left], null);
      o_chances := o_chances || coalesce(v_special.o_chances, '{}');
    end loop;
    o_is_due := o_is_due or exists (select 1 from runs r where r.id = any (o_ids) and r.run_at <= p_now);
  end if;

  select json_agg(coalesce(v_special_outcomes->(e.value->>'id'), jsonb_build_array(coalesce(k.outcome, 'created'), e.value->>'id')) order by e.place)
  into o_outcomes
  from json_array_elements(p_requests) with ordinality e(value, place)
  left join lateral (
    -- A repeated request whose run was skipped at once.
    select 'skipped' as outcome from history h
    where h.id = (e.value->>'id') collate "C" and h.state = 'skipped' and h.fence = 0
    -- Keeps it from becoming a join.
    limit 1
  ) k on true;
end
$$`,
}
