/**
 * `enqueue_special(request, now)`: one request that is debounced, has an idempotency key, or is to be skipped when its
 * (job, key) is busy. The caller has locked its keys, and the job's row exists. Results: outcome and id;
 * gates for the caller to change, as `debounce_request` says. Internal.
 */
import type { SqlFunction } from '../schema/sql-function.ts'
import { aliveRuns } from './alive-runs.ts'
import { carriedFrom, HISTORY_COLUMNS } from './history-columns.ts'

export const enqueueSpecial: SqlFunction = {
  name: 'enqueue_special',
  sql: /* sql */ `
create or replace function enqueue_special(p json, p_now bigint, out o_outcome text, out o_id text, out o_left text, out o_chances text[])
language plpgsql as $$
declare
  v_job int;
  v_run_at bigint := coalesce((p->>'runAt')::bigint, p_now + (p->>'delayMs')::bigint);
  v_is_debounced boolean := p->'debounce' is not null;
  v_open boolean := false;
  v_merging text[];
  v_first text;
  v_verdict record;
begin
  select j.id into v_job from jobs j where j.name = (p->>'job') collate "C";
  o_id := p->>'id';

  -- The request was here before: itself, or another with its idempotency key.
  if exists (select 1 from runs r where r.id = o_id collate "C") then
    o_outcome := 'created';
    return;
  end if;
  select case when h.state = 'skipped' and h.fence = 0 then 'skipped' else 'created' end into o_outcome
  from history h where h.id = o_id collate "C";
  if found then
    return;
  end if;
  select a.outcome, a.run_id into o_outcome, v_first from absorbed a where a.request_id = o_id collate "C";
  if found then
    o_id := v_first;
    return;
  end if;
  if p->'idempotency' is not null then
    select i.run_id into v_first from idempotency i
    where i.job_id = v_job and i.key = (p->'idempotency'->>'key') collate "C" and i.expires_at > p_now;
    if found then
      o_outcome := case
        when exists (select 1 from runs r where r.id = v_first collate "C") or exists (select 1 from history h where h.id = v_first collate "C")
        then 'duplicate' else 'pruned' end;
      o_id := v_first;
      return;
    end if;
  end if;

  o_outcome := 'created';
  if v_is_debounced then
    select * into v_verdict from debounce_request(p, v_job, p_now) d;
    o_outcome := v_verdict.o_outcome;
    if o_outcome <> 'created' then
      o_id := v_verdict.o_id;
      insert into absorbed (request_id, outcome, run_id, at) values (p->>'id', o_outcome, o_id, p_now) on conflict do nothing;
    end if;
    o_left := v_verdict.o_left;
    o_chances := v_verdict.o_chances;
    v_run_at := v_verdict.o_run_at;
    v_open := v_verdict.o_open;
    v_merging := v_verdict.o_merging;
  elsif (p->>'skipWhenBusy')::boolean and exists (
    select 1 from ${aliveRuns('v_job', "(p->>'key')", 'not r.debounced or r.fence > 0')} a
  ) then
    o_outcome := 'skipped';
  end if;

  if o_outcome in ('created', 'skipped') then
    insert into runs (id, job_id, key, trigger, slot, payload, merging, priority, run_at, created_at, overlap, gates, triggers, replay_of, trace,
      open, debounced)
    values (o_id, v_job, p->>'key', p->>'trigger', (p->>'slot')::bigint, p->>'payload', v_merging, (p->>'priority')::int, v_run_at, p_now,
      p->>'overlap', array(select g from json_array_elements_text(p->'gates') g order by g collate "C"), (p->>'triggers')::bigint,
      p->>'replayOf', p->>'trace', v_open, v_is_debounced);
    if o_outcome = 'skipped' then
      with gone as (
        delete from runs r where r.id = o_id collate "C" returning r.*
      )
      insert into history (${HISTORY_COLUMNS})
      select ${carriedFrom('g')}, 'skipped', p_now, 'overlap', null from gone g;
    end if;
  end if;

  if p->'idempotency' is not null then
    insert into idempotency as i (job_id, key, run_id, expires_at)
    values (v_job, p->'idempotency'->>'key', o_id, p_now + (p->'idempotency'->>'ttlMs')::bigint)
    on conflict (job_id, key) do update set run_id = excluded.run_id, expires_at = excluded.expires_at;
  end if;
end
$$`,
}
